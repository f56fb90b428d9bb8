/**
 * Open staff pages stay up to date: an event says that something changed, the page is fetched anew, and the parts marked
 * data-live are exchanged. What is being typed is never touched. Alerts are drawn and sounded; all else works without.
 */

const MUTED = "axis-desk-muted";
const SOUNDED = "axis-desk-sounded";
const ACTIVE_EVERY_MS = 20000;
const NOTES_HZ = [880, 660];

const alarms = document.getElementById("alerts");
const STRINGS = JSON.parse(alarms.dataset.words);
const main = document.getElementById("content");
const { here, ticket, listens } = main.dataset;
const status = document.getElementById("live");
const tell = (text) => { if (status && status.textContent !== text) status.textContent = text; };

// ---- keeping up to date --------------------------------------------------------------------------------------------

let fetching = false;
let again = false;

async function refresh() {
  if (!here) return;
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const response = await fetch(here, { headers: { "Axis-Live": "yes" }, credentials: "same-origin" });
    if (response.ok && !response.redirected) {
      exchange(new DOMParser().parseFromString(await response.text(), "text/html"));
    }
  } catch {
    tell(STRINGS.lost);
  }
  fetching = false;
  if (again) {
    again = false;
    refresh();
  }
}

function exchange(fresh) {
  document.title = fresh.title;
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (!other) continue;
    if (part.dataset.live === "forms") exchangeForms(part, other);
    else if (part.innerHTML !== other.innerHTML) put(part, other);
  }
  // Whoever sees what changed may go on from there.
  const version = fresh.querySelector("input[name=version]")?.value;
  if (version) document.querySelectorAll("input[name=version]").forEach((input) => { input.value = version; });
}

/** Forms change only with what can be done, and never under somebody's fingers. */
function exchangeForms(part, other) {
  if (part.dataset.state === other.dataset.state) return;
  if (touched(part)) {
    tell(STRINGS.changed);
    return;
  }
  part.dataset.state = other.dataset.state;
  put(part, other);
}

function touched(part) {
  if (part.contains(document.activeElement)) return true;
  return [...part.querySelectorAll("textarea, input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
}

/** The new content; the link that had the focus keeps it. */
function put(part, other) {
  const link = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  part.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
  if (link) part.querySelector(`a[href="${CSS.escape(link)}"], a[href="${link}"]`)?.focus();
}

// ---- alerts --------------------------------------------------------------------------------------------------------

const mute = document.getElementById("mute");
let audio = null;

function muted() {
  return localStorage.getItem(MUTED) === "yes";
}

function showMute() {
  mute.hidden = false;
  mute.setAttribute("aria-pressed", String(muted()));
  mute.textContent = muted() ? STRINGS.unmute : STRINGS.mute;
}

function drawAlerts(alerts) {
  const drawn = alerts.map(({ id, ticket: about, urgency }) => {
    const link = document.createElement("a");
    link.href = `/desk/tickets/${about}`;
    link.dataset.alert = id;
    link.textContent = STRINGS.alert.replace("{urgency}", STRINGS[urgency]).replace("{ticket}", about.slice(0, 6));
    const line = document.createElement("p");
    line.className = "alert";
    line.append(link);
    return line;
  });
  alarms.replaceChildren(...drawn);
  const heard = JSON.parse(sessionStorage.getItem(SOUNDED) || "[]");
  const fresh = alerts.filter(({ id }) => !heard.includes(id));
  if (!fresh.length) return;
  sessionStorage.setItem(SOUNDED, JSON.stringify([...heard, ...fresh.map(({ id }) => id)].slice(-200)));
  if (!muted()) sound();
}

/** Two short notes. A browser that wants a click first plays them at the next one. */
async function sound() {
  document.documentElement.dataset.sounded = String(Number(document.documentElement.dataset.sounded || 0) + 1);
  audio ??= new AudioContext();
  if (audio.state === "suspended") await audio.resume();
  NOTES_HZ.forEach((hertz, place) => {
    const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
    const from = audio.currentTime + place * 0.22;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.0001, from);
    loudness.gain.exponentialRampToValueAtTime(0.2, from + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, from + 0.2);
    tone.connect(loudness).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.21);
  });
}

mute.addEventListener("click", () => {
  localStorage.setItem(MUTED, muted() ? "no" : "yes");
  showMute();
});
showMute();

// ---- being there ---------------------------------------------------------------------------------------------------

let told = 0;

/** Whoever types or clicks keeps the ticket. */
function active() {
  const csrf = document.querySelector("input[name=csrf]");
  if (!ticket || !csrf || Date.now() - told < ACTIVE_EVERY_MS) return;
  told = Date.now();
  fetch(`/desk/tickets/${ticket}/active`, { method: "POST", body: new URLSearchParams({ csrf: csrf.value }) }).catch(() => {});
}

["input", "click"].forEach((name) => main.addEventListener(name, active));

const events = new EventSource(`/desk/events${ticket ? `?ticket=${ticket}` : ""}`);
events.addEventListener("open", () => tell(listens ? STRINGS.live : ""));
events.addEventListener("error", () => tell(STRINGS.lost));
events.addEventListener("alerts", (event) => drawAlerts(JSON.parse(event.data)));
if (listens) events.addEventListener(listens, refresh);
addEventListener("pagehide", () => events.close());

/**
 * <axis-chat api="/api/v1">: the clinic's chat window. No dependency, no cookie, nothing from elsewhere; text only ever
 * becomes text. It speaks the public HTTP contract and keeps the conversation's secret in this tab's sessionStorage.
 */

const STRINGS = {
  open: "Ask a question",
  close: "Close chat",
  title: "Ask Axis",
  unread: (n) => `${n} new`,
  menu: "Menu",
  transcript: "Download transcript",
  visit: "Notes for my visit",
  visitTitle: "My notes for the visit",
  visitParts: { told: "What I have said about myself", asked: "What I asked", read: "What I read", questions: "Questions for the clinician" },
  visitSave: "Save as text",
  visitHand: "Give it to the team",
  failed: "That did not work just now. Please try again.",
  back: "Back to the chat",
  helped: "Was this helpful?",
  yes: "Yes",
  no: "No",
  thanks: "Thank you.",
  print: "Print",
  erase: "Erase everything",
  eraseSure: "Erase the whole conversation, also at the clinic? This cannot be undone.",
  eraseYes: "Yes, erase it",
  eraseNo: "Keep it",
  erased: (receipt) => `Everything was erased. Receipt: ${receipt}`,
  eraseFailed: "It could not be erased just now. Please try again, or call the clinic.",
  end: "End chat in this window",
  emergency: "In an emergency call ",
  emergencyPlain: "In an emergency call your local emergency number.",
  before: "Before you start",
  agree: "I agree, start the chat",
  starting: "Starting…",
  startFailed: "The chat cannot be started just now. Please try again, or call the clinic.",
  retryStart: "Try again",
  label: "Your question",
  send: "Send",
  hint: "Enter sends, Shift and Enter begins a new line.",
  left: (n) => `${n} characters left`,
  sending: "Sending…",
  typing: "Axis is looking for an answer…",
  notSent: "Not sent.",
  retry: "Try again",
  choices: "Choose one, or type",
  sources: "Sources",
  terms: "Words explained",
  figure: "Read it as text",
  reviewed: (by, on, due) => `Reviewed by ${by} on ${on}${due ? `, next review due ${due}` : ""}.`,
  unreviewed: "Not yet reviewed by this clinic.",
  offline: "No connection. Trying again…",
  waiting: "The clinic's team has been told and can read this conversation.",
  staff: "A person from the clinic's team answers here now.",
  closed: "This conversation is closed.",
  expired: "Your earlier conversation is not available any more. You can start a new one.",
  speakers: { patient: "You", assistant: "Axis", staff: "Clinic team", system: "Note" },
  log: "Conversation",
};

const MOST_CHARACTERS = 4000;
const SHOW_LEFT_FROM = 3600;
const LONGEST_WAIT_MS = 30000;
/** Buttons that answer "have you reached help?": the first of a message that begins with that question. */
const HELP_ANSWERS = 2;
const KEPT = "axis-chat";

/** Let the browser save a text as a file. */
function save(text, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** An element with attributes and children; strings become text nodes. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** An error of the contract: `text` is for the patient. */
class Problem extends Error {
  constructor(status, text) {
    super(String(status));
    this.status = status;
    this.text = text;
  }
}

/** The HTTP contract. */
class Api {
  constructor(base) {
    this.base = base;
    this.saved = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  }

  save(saved) {
    this.saved = saved;
    if (saved) sessionStorage.setItem(KEPT, JSON.stringify(saved));
    else sessionStorage.removeItem(KEPT);
  }

  async call(path, { method = "GET", body, headers = {}, signal } = {}) {
    if (this.saved) headers.Authorization = `Bearer ${this.saved.token}`;
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(this.base + path, {
      method, headers, signal, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store",
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Problem(response.status, problem.text || problem.detail || "");
  }

  async json(path, options) {
    return (await this.call(path, options)).json();
  }

  get path() {
    return `/conversations/${this.saved.id}`;
  }
}

class AxisChat extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    this.seen = new Set();
    this.unread = 0;
  }

  async connectedCallback() {
    if (this.api) return;
    this.api = new Api(this.getAttribute("api") || "/api/v1");
    const style = make("link", { rel: "stylesheet", href: new URL("axis-chat.css", import.meta.url).href });
    this.shadowRoot.append(style, this.buildLauncher(), this.buildPanel());
    this.loadClinic();
    if (this.api.saved) this.resume();
  }

  // ---- the frame ---------------------------------------------------------------------------------------------------

  buildLauncher() {
    this.badge = make("span", { class: "badge" });
    this.launcher = make(
      "button",
      { type: "button", class: "launcher", "aria-expanded": "false", "aria-controls": "panel", onclick: () => this.toggle() },
      make("span", {}, STRINGS.open), this.badge,
    );
    return this.launcher;
  }

  buildPanel() {
    this.banner = make("p", { class: "banner" }, STRINGS.emergencyPlain);
    this.log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": STRINGS.log, tabindex: "0" });
    this.status = make("p", { class: "status", role: "status" });
    this.state = make("p", { class: "state", role: "status" });
    this.foot = make("div", { class: "foot" });
    this.panel = make(
      "section",
      { id: "panel", class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true },
      make("div", { class: "head" }, make("h2", { id: "title", tabindex: "-1" }, STRINGS.title), this.buildMenu(), this.closeButton()),
      this.banner, this.log, this.state, this.status, this.foot,
    );
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      if (this.menu.open) this.closeMenu();
      else if (this.sheet) this.closeVisit();
      else this.close();
    });
    return this.panel;
  }

  closeButton() {
    return make("button", { type: "button", class: "icon", "aria-label": STRINGS.close, onclick: () => this.close() }, "✕");
  }

  buildMenu() {
    const item = (text, act) => make("button", { type: "button", onclick: () => { this.closeMenu(); act(); } }, text);
    this.menu = make(
      "details", { class: "menu", hidden: true }, make("summary", {}, STRINGS.menu),
      make("div", {}, item(STRINGS.transcript, () => this.download()), item(STRINGS.visit, () => this.showVisit()), item(STRINGS.print, () => window.print()),
        item(STRINGS.erase, () => this.askErase()), item(STRINGS.end, () => this.end())),
    );
    this.menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.menu.contains(event.relatedTarget)) this.menu.open = false;
    });
    return this.menu;
  }

  closeMenu() {
    this.menu.open = false;
    this.menu.querySelector("summary").focus();
  }

  open() {
    this.panel.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    this.setUnread(0);
    if (!this.api.saved && !this.foot.firstChild) this.showConsent();
    this.focusHome();
    this.scrollDown();
  }

  /** Where the focus goes when what held it has gone. */
  focusHome() {
    const input = this.input && !this.input.disabled && this.input.isConnected && !this.sheet ? this.input : null;
    (this.sheet?.querySelector("h3") || input || this.panel.querySelector("h2")).focus();
  }

  close() {
    this.calm();
    this.launcher.focus();
    this.panel.hidden = true;
    this.launcher.setAttribute("aria-expanded", "false");
  }

  toggle() {
    if (this.panel.hidden) this.open();
    else this.close();
  }

  setUnread(count) {
    this.unread = count;
    this.badge.textContent = count ? STRINGS.unread(count) : "";
  }

  scrollDown() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  // ---- before the first message ----------------------------------------------------------------------------------

  async loadClinic() {
    try {
      this.clinic = await this.api.json("/clinic");
    } catch {
      return null;
    }
    const number = this.clinic.emergency_numbers.emergency;
    this.banner.replaceChildren(STRINGS.emergency, telephone(number), ".");
    return this.clinic;
  }

  async showConsent(note = "") {
    this.foot.replaceChildren();
    this.input = null;
    this.status.textContent = "";
    const clinic = this.clinic || (await this.loadClinic());
    if (!clinic) return this.showStartFailure();
    const texts = clinic.consent.text.split("\n\n").map((text) => make("p", {}, text));
    const agree = make("button", { type: "button", class: "primary", onclick: () => this.start() }, STRINGS.agree);
    this.log.replaceChildren(
      ...[note && make("p", { class: "note" }, note), make("div", { class: "consent" }, make("h3", {}, STRINGS.before), ...texts)].filter(Boolean),
    );
    this.foot.replaceChildren(agree);
    return agree;
  }

  showStartFailure() {
    this.log.replaceChildren(make("p", { class: "note" }, STRINGS.startFailed));
    const again = make("button", { type: "button", class: "primary", onclick: () => this.showConsent() }, STRINGS.retryStart);
    this.foot.replaceChildren(again);
  }

  async start() {
    this.status.textContent = STRINGS.starting;
    try {
      const body = { channel: "web", locale: "en", consent_version: this.clinic.consent.version };
      const opened = await this.api.json("/conversations", { method: "POST", body });
      this.api.save({ id: opened.conversation_id, token: opened.token, cursor: "0" });
      this.log.replaceChildren();
      opened.messages.forEach((message) => this.show(message));
      this.begin();
      this.input.focus();
    } catch (problem) {
      this.status.textContent = "";
      if (problem.status === 409) {
        this.clinic = null;
        await this.showConsent(problem.text);
      } else this.showStartFailure();
    }
  }

  /** The conversation is there: draw the composer and listen. */
  begin() {
    this.status.textContent = "";
    this.menu.hidden = false;
    this.foot.replaceChildren(this.buildComposer());
    this.listen();
  }

  async resume() {
    try {
      const page = await this.api.json(`${this.api.path}/messages`);
      page.messages.forEach((message) => this.show(message));
      this.calm();
      this.begin();
      this.showState(page.state);
    } catch (problem) {
      if (problem.status === 401 || problem.status === 404) {
        this.api.save(null);
        await this.showConsent(STRINGS.expired);
      } else {
        this.status.textContent = STRINGS.offline;
        setTimeout(() => this.resume(), 2000);
      }
    }
  }

  // ---- writing -----------------------------------------------------------------------------------------------------

  buildComposer() {
    this.left = make("span", { class: "left", "aria-live": "polite" });
    this.input = make("textarea", { id: "text", rows: "2", maxlength: String(MOST_CHARACTERS), "aria-describedby": "hint" });
    this.input.addEventListener("input", () => this.grow());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    const form = make(
      "form", {}, make("label", { for: "text" }, STRINGS.label), this.input,
      make("div", { class: "row" }, make("span", { id: "hint", class: "hint" }, STRINGS.hint), this.left,
        make("button", { type: "submit", class: "primary" }, STRINGS.send)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return form;
  }

  grow() {
    this.input.rows = Math.min(6, Math.max(2, this.input.value.split("\n").length));
    const left = MOST_CHARACTERS - this.input.value.length;
    this.left.textContent = this.input.value.length >= SHOW_LEFT_FROM ? STRINGS.left(left) : "";
  }

  submit() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.grow();
    this.deliver({ text }, text);
  }

  /** Send something, shown at once; trying again sends the same id, so that nothing happens twice. */
  async deliver(said, shown) {
    const body = { client_message_id: crypto.randomUUID ? crypto.randomUUID() : uuid(), ...said };
    const own = this.bubble("patient", make("p", {}, shown));
    this.log.append(own);
    this.scrollDown();
    await this.attempt(body, own);
  }

  async attempt(body, own) {
    if (own.querySelector(".delivery")) {
      own.querySelector(".delivery").remove();
      this.focusHome();
    }
    this.status.textContent = STRINGS.typing;
    this.waiting = own;
    try {
      const answer = await this.api.json(`${this.api.path}/messages`, { method: "POST", body });
      this.waiting = null;
      answer.messages.forEach((message) => this.show(message));
      this.showState(answer.state);
    } catch (problem) {
      this.waiting = null;
      this.showFailure(problem, body, own);
    }
    this.status.textContent = "";
  }

  showFailure(problem, body, own) {
    if (problem.status === 401 || problem.status === 404) {
      this.api.save(null);
      this.stop();
      this.showConsent(STRINGS.expired);
      return;
    }
    if (problem.text) this.log.append(this.bubble("system", ...problem.text.split("\n\n").map((text) => make("p", {}, text))));
    const again = make("button", { type: "button", onclick: () => this.attempt(body, own) }, STRINGS.retry);
    own.append(make("p", { class: "delivery" }, `${STRINGS.notSent} `, again));
    this.scrollDown();
  }

  // ---- reading -----------------------------------------------------------------------------------------------------

  /** Draw a message once; the patient's own that is on its way is drawn already. */
  show(message) {
    if (this.seen.has(message.id)) return;
    this.seen.add(message.id);
    if (message.role === "patient") {
      if (!this.isDrawn(message.text)) this.log.append(this.bubble("patient", make("p", {}, message.text)));
      return;
    }
    this.retire();
    const drawn = this.drawMessage(message);
    this.log.append(drawn);
    if (this.panel.hidden && this.input) this.setUnread(this.unread + 1);
    this.log.scrollTop = drawn.offsetTop - this.log.offsetTop; // a long answer is read from its beginning
  }

  /** What an earlier message asked is past; a focus that was on it must not fall to the page. */
  retire() {
    const held = this.shadowRoot.activeElement?.closest(".choices, .helped");
    this.calm();
    this.log.querySelectorAll(".choices button").forEach((button) => { button.disabled = true; });
    this.log.querySelectorAll(".helped").forEach((group) => group.remove());
    if (held) this.focusHome();
  }

  /** An alert is told once: drawn again or shown again, it is a message like any other. */
  calm() {
    this.log.querySelectorAll("[role=alert]").forEach((card) => card.setAttribute("role", "article"));
  }

  /** Whether a message of the patient was drawn when it was sent: the stream tells of it too. */
  isDrawn(text) {
    const own = [...this.log.querySelectorAll(".patient:not([data-known])")].find((one) => one.dataset.text === text);
    if (own) own.dataset.known = "yes";
    return Boolean(own);
  }

  bubble(role, ...content) {
    const words = content.map((part) => part.textContent).join("\n\n");
    return make("div", { class: `message ${role}`, role: "article", "data-text": words },
      make("span", { class: "speaker" }, `${STRINGS.speakers[role]}: `), ...content);
  }

  drawMessage(message) {
    const urgent = message.kind === "emergency" || message.kind === "crisis";
    const known = message.blocks.every((block) => DRAW[block.type]);
    const content = known && message.blocks.length
      ? message.blocks.map((block) => DRAW[block.type](block))
      : message.text.split("\n\n").map((text) => make("p", {}, text));
    const article = this.bubble(message.role, ...content);
    if (urgent) {
      article.classList.add("urgent");
      article.setAttribute("role", "alert");
      content[0].after(this.drawNumbers());
    }
    if (known && message.closing) article.append(make("p", { class: "closing" }, message.closing.text));
    if (message.terms?.length) article.append(drawTerms(message.terms));
    message.provenance.filter((source) => !source.topic.includes(":")).forEach((source) => article.append(drawSource(source)));
    let choices = message.choices;
    if (!urgent && message.blocks[0]?.tone === "emergency" && choices.length >= HELP_ANSWERS) {
      content[0].after(this.drawChoices(choices.slice(0, HELP_ANSWERS), message.blocks[0].text));
      choices = choices.slice(HELP_ANSWERS);
    }
    if (choices.length) article.append(this.drawChoices(choices));
    if (message.kind === "answer" && message.provenance.length && !message.provenance[0].topic.includes(":")) {
      article.append(this.drawHelped(message));
    }
    return article;
  }

  /** One question after the newest answer. The log keeps silent here: the focus moves to the thanks, which tells them. */
  drawHelped(message) {
    const group = make("div", { class: "helped", role: "group", "aria-label": STRINGS.helped, "aria-live": "off" },
      make("span", {}, STRINGS.helped));
    const button = (text, helpful) => make("button", { type: "button", onclick: async () => {
      try {
        await this.api.call(`${this.api.path}/messages/${message.id}/helpful`, { method: "PUT", body: { helpful } });
      } catch {
        this.status.textContent = STRINGS.failed;
        return;
      }
      this.status.textContent = "";
      const thanks = make("span", { tabindex: "-1" }, STRINGS.thanks);
      group.replaceChildren(thanks);
      thanks.focus();
    } }, text);
    group.append(button(STRINGS.yes, true), button(STRINGS.no, false));
    return group;
  }

  drawNumbers() {
    const numbers = this.clinic?.emergency_numbers;
    if (!numbers) return make("p", {}, STRINGS.emergencyPlain);
    return make("p", { class: "numbers" }, telephone(numbers.emergency), " ",
      telephone(numbers.crisis_line.number, numbers.crisis_line.name));
  }

  drawChoices(choices, name = STRINGS.choices) {
    const group = make("div", { class: "choices", role: "group", "aria-label": name });
    for (const choice of choices) {
      group.append(make("button", {
        type: "button",
        onclick: () => {
          this.retire();
          this.deliver({ choice: choice.id }, choice.title);
        },
      }, choice.title));
    }
    return group;
  }

  showState(state) {
    const text = { waiting_for_staff: STRINGS.waiting, staff: STRINGS.staff, closed: STRINGS.closed }[state] || "";
    if (this.state.textContent !== text) this.state.textContent = text;
    if (!this.input) return;
    const held = this.shadowRoot.activeElement === this.input;
    this.input.form.querySelectorAll("textarea, button").forEach((control) => { control.disabled = state === "closed"; });
    if (held && this.input.disabled) this.focusHome();
  }

  // ---- listening ---------------------------------------------------------------------------------------------------

  stop() {
    this.listening?.abort();
    this.listening = null;
  }

  /** Follow the event stream; after a break go on where it ended, waiting twice as long each time. */
  async listen() {
    this.stop();
    const mine = (this.listening = new AbortController());
    let wait = 1000;
    while (this.listening === mine && this.api.saved) {
      try {
        const headers = { "Last-Event-ID": this.api.saved.cursor };
        const response = await this.api.call(`${this.api.path}/events`, { headers, signal: mine.signal });
        wait = 1000;
        if (this.status.textContent === STRINGS.offline) this.status.textContent = "";
        await this.follow(response.body.pipeThrough(new TextDecoderStream()).getReader());
      } catch (problem) {
        if (mine.signal.aborted || problem.status === 401 || problem.status === 404) return;
        this.status.textContent = STRINGS.offline;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  async follow(reader) {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split(/\r?\n\r?\n/);
      rest = events.pop();
      events.forEach((event) => this.take(event));
    }
  }

  take(event) {
    const fields = {};
    for (const line of event.split(/\r?\n/)) {
      const [, name, value] = line.match(/^(\w+): ?(.*)$/) || [];
      if (name) fields[name] = name === "data" && fields.data ? `${fields.data}\n${value}` : value;
    }
    if (!fields.data) return;
    if (fields.event === "message") {
      const message = JSON.parse(fields.data);
      if (!(message.role === "patient" && this.waiting)) this.show(message);
      else this.isDrawn(message.text);
      this.seen.add(message.id);
      if (fields.id) this.api.save({ ...this.api.saved, cursor: fields.id });
    } else if (fields.event === "state") this.showState(JSON.parse(fields.data).state);
  }

  // ---- the menu ----------------------------------------------------------------------------------------------------

  async download() {
    try {
      save(await (await this.api.call(`${this.api.path}/transcript`)).text(), "axis-conversation.txt");
    } catch {
      this.status.textContent = STRINGS.failed;
    }
  }

  /** The sheet for a visit takes the place of the chat until it is closed; printing prints it alone. */
  async showVisit() {
    let sheet;
    try {
      sheet = await this.api.json(`${this.api.path}/visit-sheet`);
    } catch {
      this.status.textContent = STRINGS.failed;
      return;
    }
    if (!this.api.saved) return;
    this.closeVisit();
    this.status.textContent = "";
    const parts = Object.entries(STRINGS.visitParts).filter(([name]) => sheet[name].length).flatMap(([name, title]) => [
      make("h4", {}, title), make("ul", {}, ...sheet[name].map((line) => make("li", {}, line)))]);
    const button = (text, act) => make("button", { type: "button", onclick: act }, text);
    this.sheet = make("div", { class: "visit" },
      make("div", { class: "page", role: "region", "aria-labelledby": "visit", tabindex: "0" },
        make("h3", { id: "visit", tabindex: "-1" }, STRINGS.visitTitle), ...parts),
      make("div", { class: "acts" }, button(STRINGS.back, () => this.closeVisit()), button(STRINGS.print, () => window.print()),
        button(STRINGS.visitSave, () => save(sheet.text, "axis-visit.txt")), button(STRINGS.visitHand, () => this.handOver())));
    this.log.hidden = this.foot.hidden = true;
    this.log.after(this.sheet);
    this.focusHome();
  }

  closeVisit() {
    if (!this.sheet) return;
    this.sheet.remove();
    this.sheet = null;
    this.log.hidden = this.foot.hidden = false;
    this.status.textContent = "";
    this.focusHome();
    this.scrollDown();
  }

  /** Give the sheet to the team, once; the chat comes back first, so that what the team says of it is read out. */
  async handOver() {
    if (this.handing) return;
    this.handing = true;
    this.status.textContent = STRINGS.sending;
    try {
      const handed = await this.api.json(`${this.api.path}/visit-sheet`, { method: "POST" });
      this.closeVisit();
      handed.messages.forEach((message) => this.show(message));
    } catch {
      this.status.textContent = STRINGS.failed;
    }
    this.handing = false;
  }

  askErase() {
    this.closeVisit();
    const kept = this.kept || [...this.foot.childNodes];
    this.kept = kept;
    const back = () => { this.kept = null; this.foot.replaceChildren(...kept); this.focusHome(); };
    const yes = make("button", { type: "button", class: "danger", onclick: () => this.erase(back) }, STRINGS.eraseYes);
    const no = make("button", { type: "button", onclick: back }, STRINGS.eraseNo);
    this.foot.replaceChildren(make("div", { role: "alertdialog", "aria-labelledby": "sure" },
      make("p", { id: "sure" }, STRINGS.eraseSure), yes, no));
    no.focus();
  }

  async erase(back) {
    let receipt;
    try {
      this.stop();
      receipt = await this.api.json(this.api.path, { method: "DELETE" });
    } catch {
      this.status.textContent = STRINGS.eraseFailed;
      back();
      this.listen();
      return;
    }
    this.forget();
    await this.showConsent(STRINGS.erased(receipt.receipt_id));
    this.foot.querySelector("button")?.focus();
  }

  end() {
    this.stop();
    this.forget();
    this.focusHome();
    this.showConsent();
  }

  forget() {
    this.closeVisit();
    this.api.save(null);
    this.menu.hidden = true;
    this.kept = null;
    this.seen.clear();
    this.log.replaceChildren();
    this.state.textContent = "";
    this.input = null;
  }
}

/** A number to call. */
function telephone(number, name = "") {
  const first = number.split(" or ")[0].replace(/[^\d+]/g, "");
  return make("a", { href: `tel:${first}` }, name ? `${name}: ${number}` : number);
}

/** The words of a text that may need explaining, for whoever opens them. */
function drawTerms(terms) {
  const words = terms.flatMap(({ term, text }) => [make("dt", {}, term), make("dd", {}, text)]);
  return make("details", { class: "terms" }, make("summary", {}, STRINGS.terms), make("dl", {}, ...words));
}

function drawSource(source) {
  const line = source.reviewed_by
    ? STRINGS.reviewed(source.reviewed_by, source.reviewed_on, source.review_due)
    : STRINGS.unreviewed;
  const parts = [make("span", {}, `${source.title} (${source.level}, revision ${source.revision}). ${line}`)];
  if (source.sources.length) {
    const list = make("ul", {}, ...source.sources.map((text) => make("li", {}, text)));
    parts.push(make("details", {}, make("summary", {}, STRINGS.sources), list));
  }
  return make("div", { class: "provenance" }, ...parts);
}

function drawTable(block) {
  const head = make("tr", {}, ...block.columns.map((text) => (text ? make("th", { scope: "col" }, text) : make("td"))));
  const rows = block.rows.map(([name, ...cells]) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((text) => make("td", {}, text))));
  const table = make("table", {}, make("caption", {}, block.caption), make("thead", {}, head), make("tbody", {}, ...rows));
  return make("div", { class: "table", role: "region", tabindex: "0", "aria-label": block.caption }, table);
}

const DRAW = {
  paragraph: (block) => make("p", {}, block.text),
  list: (block) => make(block.ordered ? "ol" : "ul", {}, ...block.items.map((text) => make("li", {}, text))),
  notice: (block) => make("p", { class: `notice ${block.tone}` }, block.text),
  table: drawTable,
  figure: drawFigure,
};

/** A drawing in the page's own colours, with its words below for whoever would rather read. */
function drawFigure(block) {
  const svg = copyDrawing(new DOMParser().parseFromString(block.svg, "image/svg+xml").documentElement);
  const words = block.text.split("\n").map((line) => make("p", {}, line));
  return make("figure", {}, make("figcaption", {}, block.title), svg,
    make("details", {}, make("summary", {}, STRINGS.figure), ...words));
}

const DRAWN = new Set(["svg", "title", "desc", "rect", "path", "text"]);
const SVG = "http://www.w3.org/2000/svg";

/** A copy that holds shapes and words only: no script, link, style or picture, whoever wrote the text. */
function copyDrawing(node) {
  const copy = document.createElementNS(SVG, node.localName);
  for (const { name, value } of node.attributes) {
    if (!/^on|href|style|xmlns/i.test(name)) copy.setAttribute(name, value);
  }
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    else if (DRAWN.has(child.localName)) copy.append(copyDrawing(child));
  }
  return copy;
}

/** A random UUID where crypto.randomUUID is missing (pages without HTTPS). */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

customElements.define("axis-chat", AxisChat);

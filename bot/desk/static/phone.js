// Telephone triage while somebody types: the form is sent as it stands, and the parts that changed are put in their place.
// Red flags and texts are asked for separately, so that a red flag never waits for the search. Without this file the
// page works with its Check button.
"use strict";

const form = document.getElementById("call");
const failed = document.getElementById("failed");
const kept = document.getElementById("kept");
const WAIT_MS = 250;
const running = new Map();
const broken = new Set();
let timer = 0;

/** What somebody has typed, ticked or opened in a part, by a name that survives its being drawn anew. */
function state(part) {
  const values = new Map();
  for (const field of part.querySelectorAll("input[id]")) values.set(field.id, field.value);
  const ticked = new Map();
  for (const box of part.querySelectorAll("input[name=read]:checked")) ticked.set(box.value, box.dataset.title);
  const open = new Map();
  for (const one of part.querySelectorAll("details[id]")) open.set(one.id, one.open);
  return { values, ticked, open };
}

/** Put a part in its place, and keep what was typed, ticked, opened and focused in it. */
function place(part, next) {
  if (part.dataset.source === next.innerHTML) return;
  const source = next.innerHTML;
  const before = state(part);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const selection = focused && focused.id ? [focused.selectionStart, focused.selectionEnd] : null;
  part.replaceChildren(...next.childNodes);
  part.dataset.source = source;
  for (const [id, value] of before.values) {
    const field = part.querySelector(`[id="${CSS.escape(id)}"]`);
    if (field) field.value = value;
  }
  for (const [id, open] of before.open) {
    const one = part.querySelector(`[id="${CSS.escape(id)}"]`);
    if (one) one.open = open;
  }
  for (const [value, title] of before.ticked) tick(part, value, title);
  for (const box of part.querySelectorAll("input[name=read]")) forget(box);
  if (focused) focus(part, focused, selection);
}

/** Keep a text that was read out ticked, also when it is no longer shown. */
function tick(part, value, title) {
  const box = [...part.querySelectorAll("input[name=read]")].find((one) => one.value === value);
  if (box) {
    box.checked = true;
    return;
  }
  const line = document.createElement("li");
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "checkbox", name: "read", value, checked: true });
  input.dataset.title = title;
  label.append(input, ` ${title}`);
  line.append(label);
  kept.append(line);
}

/** A kept text that is shown again needs no second tick. */
function forget(box) {
  const again = [...kept.querySelectorAll("input")].find((one) => one.value === box.value);
  if (!again) return;
  box.checked = again.checked;
  again.closest("li").remove();
}

function focus(part, focused, selection) {
  const again = focused.id
    ? part.querySelector(`[id="${CSS.escape(focused.id)}"]`)
    : [...part.querySelectorAll("input")].find((one) => one.name === focused.name && one.value === focused.value);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (selection && selection[0] !== null && again.setSelectionRange) again.setSelectionRange(...selection);
}

async function ask(path) {
  running.get(path)?.abort();
  const control = new AbortController();
  running.set(path, control);
  try {
    const body = new URLSearchParams(new FormData(form));
    const response = await fetch(path, { method: "POST", body, signal: control.signal, credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error("refused");
    const found = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const next of found.body.children) {
      const part = document.getElementById(next.id);
      if (part) place(part, next);
    }
    broken.delete(path);
  } catch (error) {
    if (error.name === "AbortError") return;
    broken.add(path);
  }
  failed.hidden = broken.size === 0;
}

function check() {
  ask("/desk/phone/live");
  ask("/desk/phone/texts");
}

form.addEventListener("input", (event) => {
  if (event.target.name === "read") return;
  clearTimeout(timer);
  timer = setTimeout(check, WAIT_MS);
});

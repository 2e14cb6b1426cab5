// Keys for people who decide all day. Everything here is a shortcut to a link or button that is on the page:
// without this file every page still works.

import { tinykeys } from "../vendor/tinykeys/tinykeys.js";

const byId = (id) => document.getElementById(id);
const singleKeys = document.body.dataset.singleKeys === "on";

// Moving

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const current = rows.findIndex((row) => row.getAttribute("aria-current"));
  const start = at >= 0 ? at : current >= 0 ? current : step > 0 ? -1 : rows.length;
  rows[Math.max(0, Math.min(rows.length - 1, start + step))].focus();
}

function choose() {
  document.activeElement.closest("tr")?.querySelector("[data-choose]")?.click();
}

// Deciding. A decision that needs a reason waits, once its button is pressed, until the reason is confirmed.
// When it is taken back its reason goes with it, so that no other decision is sent with a reason nobody chose for it.

let waiting = null;

function say(sentence) {
  const armed = byId("armed");
  if (armed) armed.textContent = sentence;
}

function rest() {
  if (waiting) {
    waiting.classList.remove("waiting");
    byId("id_reason").value = "";
  }
  waiting = null;
  say("");
}

function waitForReason(button, reason) {
  rest();
  waiting = button;
  button.classList.add("waiting");
  reason.value = reason.value || button.dataset.reason;
  reason.focus();
  say(`${button.dataset.name}: confirm the reason with Enter, or choose another. Esc takes it back.`);
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.id !== "decide" || !button) return;
  const reason = byId("id_reason");
  const note = byId("id_note");
  if (button !== waiting) rest();
  if (button.dataset.reason !== undefined && button !== waiting && !reason.value) {
    event.preventDefault();
    waitForReason(button, reason);
  } else if (button.dataset.note && !note.value.trim()) {
    event.preventDefault();
    note.focus();
    say("Say what is missing, then send it back.");
  } else if (event.target.dataset.sent) {
    event.preventDefault();
  } else {
    event.target.dataset.sent = "yes";
  }
});

window.addEventListener("pageshow", () => delete byId("decide")?.dataset.sent);

document.addEventListener("keydown", (event) => {
  if (event.target.id === "id_reason" && event.key === "Enter" && waiting) {
    event.preventDefault();
    waiting.form.requestSubmit(waiting);
  }
});

function press(key) {
  const button = document.querySelector(`#decide [data-key="${key}"]`);
  if (button) button.form.requestSubmit(button);
}

// Keys

function outsideFields(action) {
  return (event) => {
    const inField = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (inField || event.repeat && action !== next && action !== previous || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    action();
  };
}

const next = () => move(1);
const previous = () => move(-1);
const click = (id) => () => byId(id)?.click();
const focus = (id) => () => byId(id)?.focus();

function showKeys() {
  byId("keys").showModal();
}

if (singleKeys) {
  tinykeys(window, {
    j: outsideFields(next),
    k: outsideFields(previous),
    "(1|Digit1|Numpad1)": outsideFields(() => press(1)),
    "(2|Digit2|Numpad2)": outsideFields(() => press(2)),
    "(3|Digit3|Numpad3)": outsideFields(() => press(3)),
    o: outsideFields(focus("id_reason")),
    t: outsideFields(click("take")),
    n: outsideFields(click("next")),
    x: outsideFields(choose),
    u: outsideFields(click("up")),
    "/": outsideFields(focus("id_text")),
    "Shift+/": outsideFields(focus("id_text")),
    "?": outsideFields(showKeys),
    "Shift+?": outsideFields(showKeys),
  });
}

tinykeys(window, {
  Escape: (event) => {
    if (document.querySelector("dialog[open]")) return;
    const inField = event.target.closest?.("input, textarea, select");
    if (waiting) rest();
    if (inField) inField.blur();
  },
});

byId("keys-link")?.addEventListener("click", (event) => {
  event.preventDefault();
  showKeys();
});

// A filter applies as soon as it is chosen.

byId("filters")?.addEventListener("change", (event) => {
  if (event.target.tagName === "SELECT") event.currentTarget.requestSubmit();
});

// What was refused is read first.

byId("errors")?.focus();

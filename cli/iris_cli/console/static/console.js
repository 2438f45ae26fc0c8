"use strict";
// Follows the server's events: rows of the fleet, or the content of one model. The server renders all HTML.
const find = (id) => document.getElementById(id);
const address = document.body.dataset.events;

function trouble(text) {
  find("trouble").textContent = text ?? "";
  find("trouble").hidden = !text;
}

function notes(lines) {
  find("notes").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function filter() {
  const wanted = (find("filter")?.value ?? "").trim().toLowerCase();
  let shown = 0;
  for (const row of find("rows")?.rows ?? []) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  if (find("empty")) find("empty").hidden = shown > 0;
}

function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

// Replaced only when more than its time has changed, so that focus, selection and what was opened stay.
function content(html) {
  const place = find("content"), fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const { id } of place.querySelectorAll("details[open]")) fresh.content.getElementById(id)?.setAttribute("open", "");
  const now = fresh.content.getElementById("now").textContent, shown = find("now");
  if (shown) shown.textContent = now;
  if (shown && fresh.innerHTML === place.innerHTML) return;
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  place.replaceChildren(fresh.content);
  if (!focused) return;
  const again = ({ id, href }) => id === focused.id && href === focused.href;
  [...place.querySelectorAll("a, summary")].find(again)?.focus({ preventScroll: true });
}

const known = new Map([...(find("rows")?.rows ?? [])].map((row) => [row.dataset.key, row]));

function place(fresh) {
  const key = fresh.dataset.key, present = known.get(key);
  known.set(key, fresh);
  if (present) {
    const focused = present.contains(document.activeElement);
    present.replaceWith(fresh);
    if (focused) fresh.querySelector("a").focus();
    return;
  }
  const next = [...find("rows").rows].find((row) => row.dataset.key > key);
  find("rows").insertBefore(fresh, next ?? null);
}

function keep(keys) {
  const present = new Set(keys);
  for (const [key, row] of known) {
    if (!present.has(key)) { row.remove(); known.delete(key); }
  }
}

function follow() {
  const events = new EventSource(address);
  events.addEventListener("trouble", (event) => trouble(JSON.parse(event.data)));
  events.addEventListener("row", (event) => { place(element(JSON.parse(event.data))); filter(); });
  events.addEventListener("keys", (event) => { keep(JSON.parse(event.data)); filter(); });
  events.addEventListener("content", (event) => content(JSON.parse(event.data)));
  events.addEventListener("notes", (event) => notes(JSON.parse(event.data)));
  events.addEventListener("panel", (event) => drawPanel(JSON.parse(event.data)));
  events.addEventListener("marks", (event) => drawMarks(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    trouble("The console does not answer. Is `iris console` still running? This page connects again by itself.");
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
}

find("filter")?.addEventListener("input", filter);
filter();
if (address) follow();

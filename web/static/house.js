// What pages gain from scripts; without them everything works as well. Each part finds its place by a data- attribute.
"use strict";

// Forms with data-live fetch their answer while somebody types; data-filter hides rows of a table.
for (const form of document.querySelectorAll("form[data-live]")) live(form);
for (const form of document.querySelectorAll("form[data-filter]")) filter(form);

function live(form) {
  const place = document.getElementById(form.dataset.live);
  const count = document.querySelector("[data-count]");
  const input = form.querySelector("input[type=search]");
  let waiting, asking;
  async function show(url) {
    asking?.abort();
    const mine = (asking = new AbortController());
    const part = new URL(url);
    part.searchParams.set("part", "found");
    try {
      const answer = await fetch(part, { headers: { Accept: "text/html" }, signal: mine.signal });
      if (!answer.ok) return;
      place.innerHTML = await answer.text();
      history.replaceState(null, "", url);
      if (count) count.textContent = place.querySelector("[data-said]")?.textContent ?? "";
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }
  function asked() {
    const url = new URL(form.action);
    url.search = new URLSearchParams(new FormData(form)).toString();
    return url;
  }
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show(asked()), 200);
  });
}

function filter(form) {
  const rows = document.querySelectorAll("#" + form.dataset.filter + " tbody tr");
  const count = document.querySelector("[data-count]");
  const input = form.querySelector("input[type=search]");
  const fold = (text) => text.normalize("NFKC").toLowerCase().replaceAll("臺", "台");
  const number = count?.textContent.match(/[0-9][0-9,]*/)?.[0];
  input.addEventListener("input", () => {
    const wanted = fold(input.value.trim());
    let seen = 0;
    for (const row of rows) {
      row.hidden = !fold(row.cells[0].textContent).includes(wanted);
      if (!row.hidden) seen += 1;
    }
    if (number) count.textContent = count.textContent.replace(/[0-9][0-9,]*/, seen.toLocaleString("en"));
  });
}

// What changed: the newest activities come by themselves, until somebody pauses them. The page itself is asked for again,
// so that its words and links are those that the daemon gives.
for (const live of document.querySelectorAll("[data-follows]")) {
  const button = live.querySelector("button");
  const says = live.querySelector("[role=status]");
  const list = document.getElementById("changes");
  let source = null, waiting = 0, seen = 0;
  const show = async () => {
    waiting = 0;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || !source) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("changes");
    if (fresh && !list.contains(document.activeElement)) list.replaceChildren(...fresh.childNodes);
    says.textContent = live.dataset.said.replace("{}", String(seen));
  };
  const heard = () => {
    seen += 1;
    if (!waiting) waiting = setTimeout(show, 1000);
  };
  const follow = (go) => {
    button.setAttribute("aria-pressed", String(!go));
    button.textContent = go ? button.dataset.pause : button.dataset.go;
    if (source) source.close();
    source = go ? new EventSource(live.dataset.follows) : null;
    if (source) for (const verb of ["create", "update", "delete"]) source.addEventListener(verb, heard);
  };
  button.addEventListener("click", () => follow(!source));
  live.hidden = false;
  follow(true);
}

// The query's editor, where the daemon was built with it. It asks no other host: no autocompletion from elsewhere.
const edit = (field) => {
  const Editor = window.Yasqe && (window.Yasqe.default || window.Yasqe);
  if (!Editor) return;
  const place = document.createElement("div");
  field.after(place);
  field.hidden = true;
  const editor = new Editor(place, {
    value: field.value,
    showQueryButton: false,
    createShareableLink: null,
    consumeShareLink: null,
    persistenceId: null,
    prefixCcApi: null,
    autocompleters: ["variables"],
    collapsePrefixesOnLoad: false,
    extraKeys: { Tab: false, "Shift-Tab": false },
  });
  const label = document.querySelector(`label[for="${field.id}"]`);
  editor.getInputField().setAttribute("aria-label", label ? label.textContent : "SPARQL");
  const wrong = document.querySelector("[data-line]");
  if (wrong) editor.setCursor({ line: Number(wrong.dataset.line) - 1, ch: Number(wrong.dataset.column) - 1 });
  field.form.addEventListener("submit", () => { field.value = editor.getValue(); });
};
// Scripts that a page loads beside this one have run by then.
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-editor]").forEach(edit));

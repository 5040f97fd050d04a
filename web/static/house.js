// What pages gain from scripts; without them everything works as well. Each part finds its place by a data- attribute.
"use strict";

// What changed: the newest activities come by themselves, until somebody pauses them. The page itself is asked for again,
// so that its words and links are those that the daemon gives.
for (const live of document.querySelectorAll("[data-live]")) {
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
    source = go ? new EventSource(live.dataset.live) : null;
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

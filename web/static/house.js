// What pages gain from scripts; without them everything works as well. Each part finds its place by a data- attribute.
"use strict";

// Forms with data-live fetch their answer while somebody types; data-filter hides rows of a table; data-feedback sends.
for (const form of document.querySelectorAll("form[data-live]")) live(form);
for (const form of document.querySelectorAll("form[data-filter]")) filter(form);
for (const form of document.querySelectorAll("form[data-feedback]")) feedback(form);

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

function feedback(form) {
  const status = form.querySelector("[role=status]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(form));
    const body = JSON.stringify({ kind: "remark", dataset: form.dataset.dataset, ...said });
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(form.dataset.feedback, { method: "POST", headers, body }).catch(() => null);
    if (answer?.ok) {
      form.reset();
      status.textContent = form.dataset.thanks;
    } else {
      const problem = await answer?.json().catch(() => null);
      status.textContent = form.dataset.refused + " " + (problem?.detail ?? answer?.status ?? "");
    }
  });
}

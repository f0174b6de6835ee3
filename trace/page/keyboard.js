// The keys of the page.
(function (reveille) {
  "use strict";
  const { byId } = reveille.dom;

  const PAGES = ["loop", "timeline", "tasks", "latency"];

  function listenToKeys(model, transport) {
    const keys = {
      ArrowLeft: () => transport.step(-1),
      ArrowRight: () => transport.step(1),
      Home: () => transport.goToStart(),
      End: () => transport.goToEnd(),
      " ": () => transport.togglePlay(),
    };
    const letters = {
      n: () => model.nextOfTask(1),
      N: () => model.nextOfTask(-1),
      w: () => model.nextWake(1),
      W: () => model.nextWake(-1),
      f: () => model.nextFinding(1),
      F: () => model.nextFinding(-1),
      t: () => byId("theme").click(),
      "?": () => byId("help").click(),
    };
    PAGES.forEach((page, place) => {
      letters[place + 1] = () => reveille.showPage(page);
    });

    document.addEventListener("keydown", (event) => {
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        byId("help-text").open ||
        isTakenBy(event.target, event.key)
      )
        return;
      const act = own(keys, event.key) ?? (byId("letters").checked ? own(letters, event.key) : undefined);
      if (!act) return;
      event.preventDefault();
      act();
    });
    byId("pages").addEventListener("keydown", moveAmongTabs);
  }

  // Whether a key means something else where it is typed.
  function isTakenBy(target, key) {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
      return !/^[a-z?]$/i.test(key) || target.tagName === "SELECT";
    return key === " " && /^(BUTTON|A|SUMMARY)$/.test(target.tagName);
  }

  function own(acts, key) {
    return Object.hasOwn(acts, key) ? acts[key] : undefined;
  }

  // In a list of tabs the arrows move from tab to tab.
  function moveAmongTabs(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const now = PAGES.findIndex((page) => byId(`tab-${page}`).getAttribute("aria-selected") === "true");
    const page = PAGES[(now + by + PAGES.length) % PAGES.length];
    reveille.showPage(page);
    byId(`tab-${page}`).focus();
  }

  reveille.keyboard = { listenToKeys, PAGES };
})((globalThis.reveille ??= {}));

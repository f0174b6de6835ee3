// What a reader of the page, as it stands, could not read. The value is an array of complaints.
(() => {
  "use strict";
  const complaints = new Set();
  const root = document.documentElement;
  const told = (node) => {
    const place = node.closest("[id]");
    const name = `${node.localName}${node.className ? `.${node.getAttribute("class")}` : ""}`;
    const within = place && place !== node ? `#${place.id} ` : "";
    return `${within}${name} “${node.textContent.trim().slice(0, 40)}”`;
  };

  if (root.scrollWidth > root.clientWidth)
    complaints.add(`the page is ${root.scrollWidth} wide, and its window ${root.clientWidth}`);

  const isSeen = (node) =>
    node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !node.closest(".unseen, .skip, option, script, style, [aria-hidden=true]") &&
    !hasClip(node);

  function hasClip(node) {
    for (let one = node; one; one = one.parentElement)
      if (getComputedStyle(one).clipPath !== "none") return true;
    return false;
  }

  // The boxes that cut off what they hold, and those that hide it until it is scrolled sideways.
  for (const node of document.body.querySelectorAll("*")) {
    if (!isSeen(node) || node instanceof SVGElement) continue;
    const { overflowX, overflowY, textOverflow } = getComputedStyle(node);
    // In the list of events a long name, and no short one, may end in an ellipsis.
    if (node.matches(".event-task") && textOverflow === "ellipsis" && node.textContent.length > 20) continue;
    const wide = node.scrollWidth > node.clientWidth + 1;
    const tall = node.scrollHeight > node.clientHeight + 1;
    const isBox = node.clientWidth > 0;
    if (isBox && wide && overflowX !== "visible")
      complaints.add(`${node.scrollWidth - node.clientWidth} pixels beside ${told(node)}`);
    if (isBox && tall && (overflowY === "hidden" || overflowY === "clip"))
      complaints.add(`${node.scrollHeight - node.clientHeight} pixels below ${told(node)}`);
    if (textOverflow !== "clip" && wide) complaints.add(`an ellipsis in ${told(node)}`);
    // What stands over the edge of a button, a cell or a panel lies upon its neighbours.
    if (isBox && wide && overflowX === "visible" && node.matches("button, td, th, li, .panel, p"))
      complaints.add(`${node.scrollWidth - node.clientWidth} pixels over the edge of ${told(node)}`);
  }

  // Texts: inside the window, and dark enough against what is behind them.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const modal = document.querySelector("dialog[open]");
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const node = text.parentElement;
    if (text.data.trim() === "" || !isSeen(node) || (modal && !modal.contains(node))) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    // What is beyond an ellipsis is not seen.
    const isCut = getComputedStyle(node).textOverflow === "ellipsis";
    for (const { left, right, width } of isCut ? [] : range.getClientRects())
      if (width > 0 && (left < -0.5 || right > root.clientWidth + 0.5))
        complaints.add(`outside of the window: ${told(node)}`);
    for (const word of node.closest("td") ? brokenWords(text) : [])
      complaints.add(`${word} is broken: ${told(node)}`);
    const ratio = contrast(node);
    if (ratio < 4.5) complaints.add(`contrast ${ratio.toFixed(2)}: ${told(node)}`);
  }

  // The short words of which a part is on another line; a long name may be broken anywhere.
  function brokenWords(text) {
    const words = Array.from(text.data.matchAll(/(?<!\w)\p{L}{1,12}(?!\w)/gu));
    const broken = words.filter(({ 0: word, index }) => {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      return new Set(Array.from(range.getClientRects(), ({ top }) => top)).size > 1;
    });
    return broken.map(([word]) => word);
  }

  // As WCAG 2.2 defines it.
  function contrast(node) {
    const back = background(node);
    const front = over(colour(getComputedStyle(node).color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance([red, green, blue]) {
    const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  }

  // What is behind a text: the backgrounds of all that it is in, one over the other.
  function background(node) {
    const layers = [];
    for (let one = node; one; one = one.parentElement)
      layers.push(colour(getComputedStyle(one).backgroundColor));
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return layers.reduceRight((below, layer) => over(layer, below), dark ? [0, 0, 0, 1] : [1, 1, 1, 1]);
  }

  function over([red, green, blue, alpha], below) {
    const mix = (value, place) => value * alpha + below[place] * (1 - alpha);
    return [mix(red, 0), mix(green, 1), mix(blue, 2), 1];
  }

  // Computed colours are rgb(…), rgba(…) or color(srgb …).
  function colour(text) {
    const numbers = text.match(/[\d.]+(?:e-?\d+)?/g).map(Number);
    if (text.startsWith("color(srgb")) return [...numbers.slice(0, 3), numbers[3] ?? 1];
    if (text.startsWith("rgb")) return [...numbers.slice(0, 3).map((value) => value / 255), numbers[3] ?? 1];
    throw new Error(`a colour of a form that is not known here: ${text}`);
  }

  return Array.from(complaints);
})();

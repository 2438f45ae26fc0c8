"""How well a page can be read: a script for the browser."""

# The relative luminance of WCAG 2.2 for each kind of text against what is painted behind it.
CONTRAST = """() => {
  const luminance = ([red, green, blue]) => [red, green, blue]
    .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const ratio = (element) => {
    const ink = luminance(numbers(getComputedStyle(element).color)), paper = luminance(behind(element));
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const kinds = ["h1", "header p", "h2", "#label", "#sure", "ol .row span:last-child", "label",
    "output small", ".ends span", "summary", "#model span", "#model b", "#model a"];
  return Object.fromEntries(kinds.map((kind) => [kind, ratio(document.querySelector(kind))]));
}"""

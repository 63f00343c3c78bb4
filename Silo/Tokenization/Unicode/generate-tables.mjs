// Writes normalization.txt and scripts.txt, the Unicode data that .NET does not give in invariant globalization mode:
// there string.Normalize returns its input, and no .NET regular expression knows scripts.
// The data are asked from the JavaScript engine's own Unicode library (printed in the files' first line).
// Run: node generate-tables.mjs        Both files are embedded in the assembly; run again for a newer Unicode version.
import { writeFileSync } from "node:fs";

const hex = (codePoint) => codePoint.toString(16).toUpperCase();
const points = (text) => [...text].map((c) => c.codePointAt(0));
const heading = `# Unicode ${process.versions.unicode}, written by generate-tables.mjs`;

// One mark of each canonical combining class in use. Classes never change once assigned (Unicode stability policy),
// so any other mark's class is found by asking in which order normalization puts it beside these.
const markOfClass = new Map([
  [1, 0x334], [6, 0x16ff0], [7, 0x93c], [8, 0x3099], [9, 0x94d], [10, 0x5b0], [11, 0x5b1], [12, 0x5b2], [13, 0x5b3],
  [14, 0x5b4], [15, 0x5b5], [16, 0x5b6], [17, 0x5b7], [18, 0x5b8], [19, 0x5b9], [20, 0x5bb], [21, 0x5bc], [22, 0x5bd],
  [23, 0x5bf], [24, 0x5c1], [25, 0x5c2], [26, 0xfb1e], [27, 0x64b], [28, 0x64c], [29, 0x64d], [30, 0x64e], [31, 0x64f],
  [32, 0x650], [33, 0x651], [34, 0x652], [35, 0x670], [36, 0x711], [84, 0xc55], [91, 0xc56], [103, 0xe38], [107, 0xe48],
  [118, 0xeb8], [122, 0xec8], [129, 0xf71], [130, 0xf72], [132, 0xf74], [202, 0x327], [214, 0x1dce], [216, 0x31b],
  [218, 0x302a], [220, 0x323], [222, 0x59a], [224, 0x302e], [226, 0x1d16d], [228, 0x302b], [230, 0x301], [232, 0x315],
  [233, 0x35c], [234, 0x35d], [240, 0x345],
]);

function combiningClass(codePoint) {
  const text = String.fromCodePoint(codePoint);
  if (!/\p{M}/u.test(text) || text.normalize("NFD") !== text) return 0;
  for (const [combining, mark] of markOfClass) {
    const other = String.fromCodePoint(mark);
    const movesBefore = (other + text).normalize("NFD") !== other + text;
    const movesAfter = (text + other).normalize("NFD") !== text + other;
    if (movesBefore) return missing(codePoint, combining);
    if (!movesAfter && isNonStarter(text)) return combining;
  }
  return 0;
}

// A mark with a class lets U+0345 (class 240, the largest) go behind it, or U+0334 (class 1, the smallest) before it.
function isNonStarter(text) {
  return text === "\u0334" || text === "\u0345" || ("\u0345" + text).normalize("NFD") !== "\u0345" + text
    || (text + "\u0334").normalize("NFD") !== text + "\u0334";
}

function missing(codePoint, combining) {
  throw new Error(`U+${hex(codePoint)} sorts before class ${combining} and is of no listed class`);
}

const lines = [heading,
  "# c CLASS RANGES        canonical combining class",
  "# d CODEPOINT FIRST SECOND   canonical decomposition in two, composed again from them",
  "# x CODEPOINT MAPPING   full canonical decomposition that is never composed again",
  "# k CODEPOINT MAPPING   full compatibility decomposition, where it differs from the canonical one"];
const classes = new Map();
const decompositions = [];
for (let codePoint = 0xa0; codePoint <= 0x10ffff; codePoint++) {
  if ((codePoint >= 0xd800 && codePoint < 0xe000) || (codePoint >= 0xac00 && codePoint < 0xd7a4)) continue;
  const text = String.fromCodePoint(codePoint);
  const canonical = text.normalize("NFD");
  const compatible = text.normalize("NFKD");
  if (canonical !== text) {
    const parts = points(canonical);
    if (canonical.normalize("NFC") === text) decompositions.push(["d", hex(codePoint), ...pair(parts, text).map(hex)].join(" "));
    else decompositions.push(["x", hex(codePoint), ...parts.map(hex)].join(" "));
  }
  if (compatible !== canonical) decompositions.push(["k", hex(codePoint), ...points(compatible).map(hex)].join(" "));
  const combining = combiningClass(codePoint);
  if (combining !== 0) classes.set(combining, [...(classes.get(combining) ?? []), codePoint]);
}

// The two code points that compose to the text: all but the last of its decomposition, composed, and the last.
function pair(parts, text) {
  const first = points(String.fromCodePoint(...parts.slice(0, -1)).normalize("NFC"));
  const result = [...first, parts.at(-1)];
  if (result.length !== 2 || String.fromCodePoint(...result).normalize("NFC") !== text) throw new Error(`no pair for ${text}`);
  return result;
}

function ranges(list) {
  const result = [];
  for (const point of list) {
    const last = result.at(-1);
    if (last && last[1] === point - 1) last[1] = point;
    else result.push([point, point]);
  }
  return result.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`)).join(" ");
}

for (const [combining, list] of [...classes].sort((a, b) => a[0] - b[0])) lines.push(`c ${combining} ${ranges(list)}`);
writeFileSync(new URL("normalization.txt", import.meta.url), [...lines, ...decompositions, ""].join("\n"));

const scripts = ["Arabic", "Armenian", "Bengali", "Bopomofo", "Common", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek",
  "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Inherited", "Kannada", "Katakana", "Khmer", "Lao", "Latin",
  "Malayalam", "Mongolian", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan"];
const scriptLines = [heading, "# SCRIPT RANGES"];
for (const script of scripts) {
  const test = new RegExp(`^\\p{Script=${script}}$`, "u");
  const members = [];
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
    if (test.test(String.fromCodePoint(codePoint))) members.push(codePoint);
  }
  scriptLines.push(`${script} ${ranges(members)}`);
}
writeFileSync(new URL("scripts.txt", import.meta.url), [...scriptLines, ""].join("\n"));

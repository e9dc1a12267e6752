// What differs between two texts, by words: for conflicts, history, and previews of replacing.
import { h } from "./dom.js";
import { fill, tagsIn } from "./segment.js";

const MOST = 400; // words; longer texts are shown as they are

// Words, white space and single signs; a script without spaces by characters.
function words(text) {
  return (
    text.match(
      /<\/?\d+\/?>|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}\p{M}*|[\p{L}\p{N}\p{M}'’-]+|\s+|./gu,
    ) ?? []
  );
}

// Pieces in order: ["same" | "old" | "new", text].
export function compare(before, after) {
  const [a, b] = [words(before), words(after)];
  if (a.length > MOST || b.length > MOST)
    return before === after
      ? [["same", after]]
      : [
          ["old", before],
          ["new", after],
        ];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
  }
  const pieces = [];
  const add = (kind, text) => {
    if (pieces.at(-1)?.[0] === kind) pieces.at(-1)[1] += text;
    else pieces.push([kind, text]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("same", a[i]);
      i++;
      j++;
    } else if (i < a.length && (j === b.length || lengths[i + 1][j] >= lengths[i][j + 1])) add("old", a[i++]);
    else add("new", b[j++]);
  }
  return pieces;
}

export function differences(before, after) {
  return compare(before, after).map(([kind, text]) => {
    const made = h({ same: "span", old: "del", new: "ins" }[kind]);
    fill(made, text, tagsIn(text));
    return made;
  });
}

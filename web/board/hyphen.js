// Where a long name may break: soft hyphens between syllables, since no browser knows where Kazakh breaks, and none of
// them breaks "Северо-Казахстанская" on a tile at a place that a reader would choose. One rule does for Kazakh, Russian
// and English place names: of the consonants between two vowels all but one stay on the line, a sign stays with what it
// softens, and no line begins with two letters of a word. Short words stay whole.

const SOFT = "\u00ad";
const VOWEL = /[аәеёиоөуұүыіэюяaeiouy]/i;
const SIGN = /[ьъй]/i;
const PAIR = /^(?:kh|zh|sh|ch)$/i; // one sound in two letters
const JOINED = /^(?:ст|ск|st|sk)$/i; // after a third consonant they go together: Қазақ-стан
const ENDING = /^ск(?:ая|ий|ое|ой|ого)$/i; // and before an ending: Атырау-ская
const AFTER = 3;
const SHORT = 8; // letters: of a longer word no two alone stay on the line

function syllables(word) {
    const letters = [...word];
    const vowels = letters.flatMap((letter, i) => (VOWEL.test(letter) ? [i] : []));
    const breaks = new Set();
    for (let i = 1; i < vowels.length; i++) {
        const [from, to] = [vowels[i - 1] + 1, vowels[i]];
        if (from === to) continue; // two vowels together are not taken apart
        let at = to - 1;
        const pair = letters[at - 1] + letters[at];
        const joined = (JOINED.test(pair) && at - 1 > from) || ENDING.test(letters.slice(at - 1).join(""));
        if (at > from && (PAIR.test(pair) || joined)) at--;
        if (SIGN.test(letters[at])) at = to;
        if (at >= (letters.length > SHORT ? 3 : 2) && letters.length - at >= AFTER) breaks.add(at);
    }
    return letters.map((letter, i) => (breaks.has(i) ? SOFT + letter : letter)).join("");
}

/** "Северо-Казахстанская обл." with soft hyphens in each word; what is not a letter is a place to break already. */
export const hyphenated = (text) => text.replace(/\p{L}{7,}/gu, syllables);

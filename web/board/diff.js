// What changed between two revisions: words that went and words that came. The longest common run of words, by the
// plain table, for texts up to a bound; beyond it the whole text counts as changed, which is true, if coarse.

const CELLS_MAX = 1 << 22;

function words(text) {
    return text.match(/\s+|[^\s]+/g) || [];
}

/** [{kind: "same"|"gone"|"new", text}], neighbours of one kind joined. */
export function diff(before, after) {
    const a = words(before || "");
    const b = words(after || "");
    const out = [];
    const put = (kind, text) => {
        const last = out[out.length - 1];
        if (last && last.kind === kind) last.text += text;
        else out.push({ kind, text });
    };
    if ((a.length + 1) * (b.length + 1) > CELLS_MAX) {
        return [{ kind: "gone", text: before }, { kind: "new", text: after }];
    }
    const width = b.length + 1;
    const table = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1
                : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
        }
    }
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            put("same", a[i++]);
            j++;
        } else if (i < a.length &&
            (j === b.length || table[(i + 1) * width + j] >= table[i * width + j + 1])) {
            put("gone", a[i++]);
        } else {
            put("new", b[j++]);
        }
    }
    return out;
}

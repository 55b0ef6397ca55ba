// What a cell of the matrix and a badge of a list say: one mark out of the axes of an obligation, with a glyph
// and a word, so that no colour says anything alone. Worst first: what needs somebody's hand wins.

import { GLYPHS } from "./shared/glyphs.js";

export { GLYPHS };

export const MARKS = Object.keys(GLYPHS);

const TO_REVIEW = new Set(["received", "under_review"]);

/** null (owes nothing) or an obligation's axes -> one of MARKS. */
export function markOf(o) {
    if (!o) return "not_applicable";
    if (o.control === "removed") return "removed";
    if (o.conflict) return "conflict";
    if (o.timeliness === "overdue") return "overdue";
    if (o.submission === "returned") return "returned";
    if (TO_REVIEW.has(o.submission)) return "to_review";
    return o.timeliness in GLYPHS ? o.timeliness : "not_due";
}

/** May this account decide on this obligation? The server decides; this only leaves out what it would refuse. */
export function mayDo(session, act, body) {
    if (!session.rights.includes(act)) return false;
    return act !== "review" || !session.body || session.body !== body;
}

/** Has it a report that waits for a decision? */
export const waits = (o) => TO_REVIEW.has(o.submission);

// The glyph that stands beside each word of a mark: the same on both pages, so that no colour says anything alone.

export const GLYPHS = {
    conflict: "≠", overdue: "✖", returned: "↩", to_review: "◉", late: "◐", on_time: "✔",
    due_soon: "◷", not_due: "○", removed: "⊘", not_applicable: "–",
};

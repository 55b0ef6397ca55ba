// Other offices' reports in the form: those of co-executors, which a lead body cites, and those that this one conflicts with
// and settles. Each can be read in its place.

import { html } from "../shared/dom.js";
import { Sheet } from "../view/sheet.js";
import { instant, own, t } from "../shared/text.js";
import { Group, handled, useField } from "./field.js";

/** name: cites or settles. */
export function Others({ draft, name, reports }) {
    const { value } = useField(draft, name);
    const toggle = (hash, on) => draft.set(name, on ? [...value, hash] : value.filter((h) => h !== hash));
    return html`<${Group} draft=${draft} name=${name} note=${t(`form.${name}.note`)}><ul class="bare">${reports.map((r) => html`
        <li><label class="choice"><input type="checkbox" checked=${value.includes(r.content_hash)} ...${handled(draft, name)}
            onChange=${(e) => toggle(r.content_hash, e.target.checked)} /> ${own(r.body_name) || r.body}</label>
            <br /><span class="aside">${t("others.entry", { n: r.log_index })}, ${instant(r.at)}</span>
            <details><summary>${t("others.read")}<span class="unseen">: ${own(r.body_name) || r.body}</span></summary><${Sheet} form=${r.form} /></details></li>`)}</ul></${Group}>`;
}

// Attachments: what may be attached is said before anybody chooses; each file goes to this computer's daemon at once, with how
// far it is, and what was refused stays in the list with the reason. The draft holds only what the daemon has on its disk.

import { html, useEffect, useRef, useState } from "../shared/dom.js";
import { upload } from "../api.js";
import { idOf, problemText, useDesk } from "../parts.js";
import { bytes, percent, t } from "../shared/text.js";
import { Group, handled, useField } from "./field.js";

const KINDS = {
    "application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF", "text/plain": "TXT",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.oasis.opendocument.text": "ODT", "application/vnd.oasis.opendocument.spreadsheet": "ODS",
};
const kindsOf = (types) => types.map((type) => KINDS[type] || type).join(", ");

function whyRefused(problem, office) {
    if (problem.body && problem.body.code === "refused_type") return t("files.refused_type", { kinds: kindsOf(office.media_types) });
    return problemText(problem);
}

function Going({ one, onStop, onForget }) {
    if (one.refused) {
        return html`<li><span class="error"><span class="glyph" aria-hidden="true">✖</span> ${t("files.refused", { name: one.name })} ${one.refused}</span>
            ${" "}<button type="button" onClick=${onForget} aria-label=${t("files.forget_one", { name: one.name })}>${t("files.forget")}</button></li>`;
    }
    return html`<li>${one.name} <progress max="1" value=${one.part} aria-label=${one.name}></progress> ${percent(Math.round(one.part * 100))}
        ${" "}<button type="button" onClick=${onStop} aria-label=${t("files.stop_one", { name: one.name })}>${t("files.stop")}</button></li>`;
}

/** Files on their way, one after another: a disk and an old machine have one head. */
function useUploads(draft, office) {
    const { say } = useDesk();
    const [list, setList] = useState([]);
    const here = useRef({ list: [], busy: null, next: 1 }).current;
    const show = () => setList([...here.list]);
    const refuse = (one, text) => {
        one.refused = text;
        say(t("files.refused", { name: one.name }));
    };
    const drop = (one) => {
        here.list = here.list.filter((o) => o !== one);
        show();
    };
    const go = () => {
        const one = here.list.find((o) => !o.refused);
        if (here.busy || !one) return;
        here.busy = one;
        const { done, stop } = upload(one.file, (part) => {
            one.part = part;
            show();
        });
        one.stop = stop;
        done.then((ref) => {
            const { attachments } = draft.form;
            if (!attachments.some((a) => a.sha256 === ref.sha256 && a.name === ref.name)) draft.set("attachments", [...attachments, ref]);
            say(t("files.added", { name: one.name }));
            drop(one);
        }, (problem) => (one.stopped ? drop(one) : refuse(one, whyRefused(problem, office)))).then(() => {
            here.busy = null;
            show();
            go();
        });
    };
    const { file_bytes: most, report_bytes: whole, attachments: many } = office.limits;
    /** Why a file cannot be taken, before a byte of it has gone; "": it can. */
    const whyNot = (file) => {
        const going = here.list.filter((o) => !o.refused);
        const sum = [...draft.form.attachments.map((a) => a.size_bytes), ...going.map((o) => o.file.size), file.size].reduce((a, b) => a + b);
        if (draft.form.attachments.length + going.length >= many) return t("files.too_many", { n: many });
        if (file.size > most) return t("files.too_large", { size: bytes(file.size), max: bytes(most) });
        if (sum > whole) return t("files.too_large_all", { max: bytes(whole) });
        return file.size === 0 ? t("files.none") : "";
    };
    const add = (files) => {
        for (const file of files) {
            const one = { id: here.next++, file, name: file.name, part: 0 };
            const why = whyNot(file);
            if (why) refuse(one, why);
            here.list.push(one);
        }
        show();
        go();
    };
    const stop = (one) => {
        one.stopped = true;
        if (one === here.busy) one.stop();
        else drop(one);
    };
    useEffect(() => () => here.list.forEach((one) => one === here.busy && one.stop()), []);
    return { list, add, stop, drop };
}

export function Files({ draft, o }) {
    const { office } = useDesk();
    const { value } = useField(draft, "attachments");
    const uploads = useUploads(draft, office);
    const { file_bytes: most, report_bytes: whole, attachments: many } = office.limits;
    const chosen = (event) => {
        uploads.add([...event.target.files]);
        event.target.value = ""; // the same file may be chosen again
    };
    const remove = (sha256) => {
        draft.set("attachments", value.filter((a) => a.sha256 !== sha256));
        document.getElementById(idOf("attachments")).focus();
    };
    return html`<${Group} draft=${draft} name="attachments" o=${o} note=${t("files.limits", {
        kinds: kindsOf(office.media_types), max: bytes(most), all: bytes(whole), n: many,
    })}>
        ${value.length + uploads.list.length > 0 && html`<ul class="bare files">${value.map((a) => html`<li key=${a.sha256 + a.name}>${a.name}, ${bytes(a.size_bytes)}
            ${" "}<button type="button" onClick=${() => remove(a.sha256)} aria-label=${t("files.drop_one", { name: a.name })}>${t("row.drop")}</button></li>`)}
            ${uploads.list.map((one) => html`<${Going} key=${one.id} one=${one} onStop=${() => uploads.stop(one)} onForget=${() => uploads.drop(one)} />`)}</ul>`}
        <div class="field"><label for=${idOf("attachments")}>${t("files.add")}</label>
            <input type="file" multiple id=${idOf("attachments")} accept=${office.file_endings.join(",")} ...${handled(draft, "attachments")} onChange=${chosen} /></div></${Group}>`;
}

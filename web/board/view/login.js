// The door. The server says the same words whatever was wrong, and so does this page. Who comes for the first time has
// an invitation, and chooses the password here.

import { html, useState } from "../shared/dom.js";
import { post } from "../api.js";
import { failureText, Title } from "../parts.js";
import { t } from "../shared/text.js";

function textOf(problem, invited) {
    if (problem.status === 401) return t(invited ? "login.wrong_invitation" : "login.wrong");
    if (problem.status === 403) return t("login.second_factor");
    if (problem.status === 422) return t("login.weak");
    return failureText(problem);
}

function Password({ invited }) {
    if (!invited) {
        return html`<label class="field"><span>${t("login.password")}</span>
            <input key="old" name="password" type="password" autocomplete="current-password" required /></label>`;
    }
    return html`<label class="field"><span>${t("login.invitation")}</span>
            <input name="invitation" autocomplete="off" required autocapitalize="none" spellcheck=${false} maxlength="64" />
            <small>${t("login.invitation_note")}</small></label>
        <label class="field"><span>${t("login.new_password")}</span>
            <input key="new" name="password" type="password" autocomplete="new-password" required />
            <small>${t("login.new_password_note")}</small></label>`;
}

export function Login({ onEnter, lost }) {
    const [invited, setInvited] = useState(false);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const go = async (event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const given = ["code", "invitation"].map((name) => [name, (form.get(name) || "").trim()]).filter(([, text]) => text);
        setBusy(true);
        setProblem(null);
        try {
            onEnter(await post("session", {
                name: form.get("name").trim(), password: form.get("password"), ...Object.fromEntries(given),
            }));
        } catch (error) {
            setProblem(error);
            setBusy(false);
        }
    };
    const turn = () => {
        setProblem(null);
        setInvited(!invited);
    };
    return html`<main class="login"><${Title} text=${t("login.title")} />
        <p class="aside">${t("login.lead")}</p>
        ${lost && !problem && html`<p class="note" role="status">${t("login.lost")}</p>`}
        <form onSubmit=${go}>
            <label class="field"><span>${t("login.name")}</span>
                <input name="name" autocomplete="username" required autocapitalize="none" spellcheck=${false} /></label>
            <${Password} invited=${invited} />
            <label class="field"><span>${t("login.code")}</span>
                <input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="15" />
                <small>${t("login.code_note")}</small></label>
            ${problem && html`<p class="failure" role="alert">${textOf(problem, invited)}</p>`}
            <div class="buttons"><button type="submit" class="main" disabled=${busy}>${t("login.enter")}</button>
                <button type="button" onClick=${turn}>
                    ${t(invited ? "login.uninvited" : "login.invited")}</button></div>
        </form>
        ${!invited && html`<p class="aside">${t("login.forgot")}</p>`}</main>`;
}

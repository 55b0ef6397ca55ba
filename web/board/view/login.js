// The door. The server says the same words whatever was wrong, and so does this page.

import { html, useState } from "../dom.js";
import { post } from "../api.js";
import { failureText, Title } from "../parts.js";
import { t } from "../text.js";

export function Login({ onEnter }) {
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const go = async (event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        setBusy(true);
        try {
            const code = form.get("code").trim();
            onEnter(await post("session", {
                name: form.get("name").trim(), password: form.get("password"), ...(code ? { code } : {}),
            }));
        } catch (error) {
            setProblem(error);
            setBusy(false);
        }
    };
    const text = problem && (problem.status === 401 ? t("login.wrong") : failureText(problem));
    return html`<main class="login"><${Title} text=${t("login.title")} />
        <form onSubmit=${go}>
            <label class="field"><span>${t("login.name")}</span>
                <input name="name" autocomplete="username" required autocapitalize="none" spellcheck=${false} /></label>
            <label class="field"><span>${t("login.password")}</span>
                <input name="password" type="password" autocomplete="current-password" required /></label>
            <label class="field"><span>${t("login.code")}</span>
                <input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="64" />
                <small>${t("login.code_note")}</small></label>
            ${text && html`<p class="failure" role="alert">${text}</p>`}
            <div class="buttons"><button type="submit" class="main" disabled=${busy}>${t("login.enter")}</button></div>
        </form></main>`;
}

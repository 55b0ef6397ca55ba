// Where the page is, is in the address: "#/list?state=overdue&body=mia". View, its argument and every filter.
// A link sent to a colleague opens the same list, Back goes back, and the server needs no rule for it.

/** "#/body/mia?state=late" -> {hash: as given, view: "body", argument: "mia", filters: {state: "late"}} */
export function parse(hash) {
    const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
    const at = path.indexOf("/");
    const view = at < 0 ? path : path.slice(0, at);
    let argument = at < 0 ? "" : path.slice(at + 1);
    try {
        argument = decodeURIComponent(argument);
    } catch {
        argument = "";
    }
    return {
        hash, view: view || "glance", argument,
        filters: Object.fromEntries(new URLSearchParams(query || "")),
    };
}

/** The other way round. Filters without a value are left out. */
export function link(view, argument, filters) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filters || {})) {
        if (value !== undefined && value !== null && value !== "") query.set(name, value);
    }
    const text = query.toString();
    return `#/${view}${argument ? `/${encodeURIComponent(argument)}` : ""}${text ? `?${text}` : ""}`;
}

/** Changes filters of the page that is open: typing replaces the address, a choice adds a step to go back. */
export function refine(changes, typing) {
    const { view, argument, filters } = parse(location.hash);
    const next = link(view, argument, { ...filters, ...changes });
    if (next === location.hash) return;
    if (typing) {
        history.replaceState(null, "", next);
        window.dispatchEvent(new HashChangeEvent("hashchange"));
    } else {
        location.hash = next;
    }
}

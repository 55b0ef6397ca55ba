// The one place that knows where preact and htm are. Everything else says `import ... from "./dom.js"`.
import { h, render, Fragment, createContext } from "../vendor/preact.js";
import {
    useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/hooks.js";
import htm from "../vendor/htm.js";

const html = htm.bind(h);

export {
    html, h, render, Fragment, createContext, useCallback, useContext, useEffect, useLayoutEffect,
    useMemo, useRef, useState,
};

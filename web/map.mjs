// A TopoJSON of regions -> paths of SVG on an equal-area map: {width, height, regions: [{id, path, at: [x, y]}]}.
// `at` is the middle of the region's greatest ring, where its name stands. Albers' conic with two standard parallels.

const RAD = Math.PI / 180;
const [SOUTH, NORTH, MIDDLE_LAT, MIDDLE_LON] = [43, 53, 48, 67].map((degrees) => degrees * RAD);
const N = (Math.sin(SOUTH) + Math.sin(NORTH)) / 2;
const C = Math.cos(SOUTH) ** 2 + 2 * N * Math.sin(SOUTH);
const radius = (lat) => Math.sqrt(C - 2 * N * Math.sin(lat)) / N;
const WIDTH = 1000;
const MARGIN = 10;

function project([lon, lat]) {
    const angle = N * (lon * RAD - MIDDLE_LON);
    const r = radius(lat * RAD);
    return [r * Math.sin(angle), r * Math.cos(angle) - radius(MIDDLE_LAT)]; // down is south
}

/** Twice the signed area, and the middle, of a ring. */
function measure(ring) {
    let [area, x, y] = [0, 0, 0];
    for (let i = 0; i < ring.length; i++) {
        const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
        const cross = a[0] * b[1] - b[0] * a[1];
        area += cross;
        x += (a[0] + b[0]) * cross;
        y += (a[1] + b[1]) * cross;
    }
    return { area, at: [x / (3 * area), y / (3 * area)] };
}

export function pathsOf(topology) {
    const { scale, translate } = topology.transform;
    const arcs = topology.arcs.map((arc) => {
        let [x, y] = [0, 0];
        return arc.map(([dx, dy]) => project([(x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1]]));
    });
    // An arc's number below 0 is that arc backwards; where two meet, their common point stands once.
    const ringOf = (numbers) => numbers.flatMap((n) => (n < 0 ? [...arcs[~n]].reverse() : arcs[n]).slice(1));
    const objects = Object.values(topology.objects)[0].geometries.map((g) => ({
        id: String(g.id), rings: (g.type === "Polygon" ? [g.arcs] : g.arcs).flatMap((polygon) => polygon.map(ringOf)),
    }));
    const points = objects.flatMap((o) => o.rings.flat());
    const [left, right] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
    const [top, bottom] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
    const zoom = (WIDTH - 2 * MARGIN) / (right - left);
    const place = ([x, y]) => [Math.round(((x - left) * zoom + MARGIN) * 10) / 10, Math.round(((y - top) * zoom + MARGIN) * 10) / 10];
    return {
        width: WIDTH, height: Math.ceil((bottom - top) * zoom + 2 * MARGIN),
        regions: objects.map(({ id, rings }) => {
            const placed = rings.map((ring) => ring.map(place));
            const greatest = placed.map(measure).reduce((a, b) => (Math.abs(b.area) > Math.abs(a.area) ? b : a));
            return { id, path: placed.map((ring) => `M${ring.map((p) => p.join(" ")).join("L")}Z`).join(""), at: greatest.at.map(Math.round) };
        }),
    };
}

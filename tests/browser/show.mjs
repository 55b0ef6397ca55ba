// Serves the page with the country for a person to look at: node tests/browser/show.mjs COLLECTOR PLAN BOARD VENDOR

import { Country } from "./country.mjs";
import { Server } from "./server.mjs";

const [, , collector, plan, board, vendor] = process.argv;
if (!vendor) {
    console.error("usage: node show.mjs COLLECTOR PLAN.yaml web/board BUILD/web/vendor");
    process.exit(64);
}
console.log(`${await new Server(new Country(collector, plan), board, vendor).listen()}/ (aigul, secret)`);

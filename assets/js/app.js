import { startArrivals } from "./arrivals.js";
import { startClock } from "./clock.js";
import { startConfirming } from "./confirm.js";
import { startConnection } from "./connection.js";
import { startCopying } from "./copy.js";
import { startCountdowns } from "./countdown.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startMenus } from "./menus.js";

startClock();
startConfirming();
startForms();
startCopying();
startCountdowns();
startMenus();
startKeys();
startArrivals();
startConnection();

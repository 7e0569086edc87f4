// Small helps on top of pages that work without them: local times, keys, menus, and forms that are sent once.
import { startTimes } from "./times.js";
import { startKeys } from "./keys.js";
import { startForms } from "./forms.js";
import { startStill } from "./still.js";
import { startWidths } from "./widths.js";
import { startCovers } from "./covers.js";

startTimes();
startKeys();
startForms();
startStill();
startWidths();
startCovers();

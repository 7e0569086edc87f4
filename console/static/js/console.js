// Small helps on top of pages that work without them: local times, keys, menus, and forms that are sent once.
import { startTimes } from "./times.js";
import { startKeys } from "./keys.js";
import { startForms } from "./forms.js";

startTimes();
startKeys();
startForms();

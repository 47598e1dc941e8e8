// The one script of every page: it brings the enhancements together. Pages work without any of them.

import "./autosave.js";
import "./combobox.js";
import "./composer.js";
import "./counter.js";
import "./dialog.js";
import "./focus.js";
import "./hold.js";
import "./live.js";
import "./menu.js";
import "./offline.js";
import "./once.js";
import "./password.js";
import "./push.js";
import "./requests.js";
import "./session.js";
import "./toast.js";

// What pages gain from scripts; without them everything works as well. Each part finds its place by a data- attribute.
"use strict";

// The real time zones, for tests of what depends on them.

import type { Zones } from "../../../src/auth/jwt/time_windows.ts";
import { TimeZones } from "../../../src/io/time_zones.ts";

export const intlZones: Zones = new TimeZones();

package forge

import _ "math/rand/v2"

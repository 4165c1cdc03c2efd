package sub

import _ "fmt"

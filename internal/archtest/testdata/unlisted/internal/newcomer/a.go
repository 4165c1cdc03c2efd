package newcomer

import _ "fmt"

package render

import _ "os/signal"

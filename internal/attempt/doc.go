// Package attempt is what every client of a server does alike about one
// attempt at a request: it has the whole answer within a time, knows whether
// another attempt could fare better, and how long to wait before it.
package attempt

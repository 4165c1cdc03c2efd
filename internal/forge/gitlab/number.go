package gitlab

import (
	"bytes"
	"strconv"
)

// int64String is a number that GraphQL gives as a text, since it can be larger
// than GraphQL's own.
type int64String int64

// UnmarshalJSON takes a number with quotes or without.
func (n *int64String) UnmarshalJSON(text []byte) error {
	text = bytes.Trim(text, `"`)
	if string(text) == "null" {
		return nil
	}
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return halfError()
	}
	*n = int64String(v)
	return nil
}

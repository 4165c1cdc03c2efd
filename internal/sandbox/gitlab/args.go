package gitlab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// args are the parameters of a request: its query's, and its body's.
type args map[string]any

// args reads the parameters; a body is a JSON object or a form.
func (c *call) args() (args, error) {
	a := args{}
	a.add(c.request.URL.Query())
	if len(bytes.TrimSpace(c.body)) == 0 {
		return a, nil
	}
	kind, parameters, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, wrong("form is invalid")
		}
		a.add(form)
		return a, nil
	case "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(c.body), parameters["boundary"]).ReadForm(maxRequest)
		if err != nil {
			return nil, wrong("form is invalid")
		}
		a.add(form.Value)
		return a, nil
	default:
		return nil, &apiError{Status: http.StatusUnsupportedMediaType, Fields: jsonObject{"error": "The provided content-type '" + kind + "' is not supported."}}
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if err := decoder.Decode(&a); err != nil {
		return nil, wrong("Problems processing JSON: " + err.Error())
	}
	return a, nil
}

// add adds the fields of a query or form; those with [] are lists.
func (a args) add(form url.Values) {
	for name, values := range form {
		if short, ok := strings.CutSuffix(name, "[]"); ok {
			a[short] = values
		} else if len(values) > 0 {
			a[name] = values[len(values)-1]
		}
	}
}

func (a args) has(name string) bool { return a[name] != nil }

// str is a parameter as a text; empty where it is not there.
func (a args) str(name string) string {
	switch v := a[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// number is a parameter as a number; other where there is none.
func (a args) number(name string, other int) int {
	n, err := strconv.Atoi(a.str(name))
	if err != nil {
		return other
	}
	return n
}

func (a args) boolean(name string) bool { return a.str(name) == "true" || a.str(name) == "1" }

// list is a parameter that is a list, or a text with commas between.
func (a args) list(name string) []string {
	var found []string
	switch v := a[name].(type) {
	case nil:
	case []string:
		found = v
	case []any:
		for _, item := range v {
			found = append(found, fmt.Sprint(item))
		}
	default:
		found = strings.Split(fmt.Sprint(v), ",")
	}
	return slices.DeleteFunc(slices.Clone(found), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// time is a parameter that is a time in ISO 8601; the error is the refusal of
// another.
func (a args) time(name string) (time.Time, error) {
	if !a.has(name) {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, a.str(name))
	if err != nil {
		return time.Time{}, wrong(name + " is invalid")
	}
	return t, nil
}

// need refuses a request without one of the parameters.
func (a args) need(names ...string) error {
	var missing []string
	for _, name := range names {
		if !a.has(name) {
			missing = append(missing, name+" is missing")
		}
	}
	if len(missing) > 0 {
		return wrong(strings.Join(missing, ", "))
	}
	return nil
}

// oneOf refuses a parameter that has another value than one of those.
func (a args) oneOf(name string, values ...string) error {
	if a.has(name) && !slices.Contains(values, a.str(name)) {
		return wrong(name + " does not have a valid value")
	}
	return nil
}

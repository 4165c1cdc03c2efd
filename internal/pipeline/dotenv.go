package pipeline

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What GitLab takes as a dotenv report by default. One that has more fails the
// job, whatever is in it.
//
// Spec: "artifacts:reports:dotenv" and "Limits" of GitLab's manual.
const (
	maxOutputs = 20      // variables
	maxDotenv  = 5 << 10 // bytes
	maxList    = 1900    // bytes of one list, so that two of them and the rest are taken
	maxValue   = 100     // bytes of any other value
)

// output is a variable of the dotenv report.
type output struct{ name, value string }

// renamed are the outputs that are called otherwise on GitLab.
var renamed = map[string]string{"command": "did", "pull-requests": "merge-requests"}

var outputName = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)

// Output sets an output: the variable BASEKEEPER_NAME of the jobs that come
// after. A list, in JSON, that is longer than GitLab takes loses its last
// elements, which the log says. Any other value is an error if it has blanks or
// line ends in it, or more than 100 bytes.
func (j *Job) Output(name, value string) error {
	if !outputName.MatchString(name) {
		return fmt.Errorf("set output %.50q: no name of an output", name)
	}
	if other, ok := renamed[name]; ok {
		name = other
	}
	var err error
	if strings.HasPrefix(value, "[") {
		value, err = j.shorten(name, value)
	} else if len(value) > maxValue || strings.ContainsFunc(value, unfit) || !utf8.ValidString(value) {
		err = fmt.Errorf("%.100q cannot be a value", value)
	}
	if err != nil {
		return fmt.Errorf("set output %s: %w", name, err)
	}
	return j.set(output{name, value})
}

// set adds an output, or replaces the one of the same name.
func (j *Job) set(o output) error {
	for i, other := range j.outputs {
		if other.name == o.name {
			j.outputs[i] = o
			return nil
		}
	}
	if len(j.outputs) == maxOutputs {
		return fmt.Errorf("set output %s: GitLab takes %d of a job", o.name, maxOutputs)
	}
	j.outputs = append(j.outputs, o)
	return nil
}

// shorten makes a list fit. A blank in it is written as JSON may, since GitLab's
// manual forbids blanks.
func (j *Job) shorten(name, list string) (string, error) {
	var all []string
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		return "", err
	}
	kept := []string{}
	size := len("[]")
	for _, element := range all {
		text, err := json.Marshal(j.log.masks.Replace(element))
		if err != nil {
			return "", err
		}
		fit := strings.ReplaceAll(string(text), " ", `\u0020`)
		if size+len(fit)+1 > maxList {
			break
		}
		size += len(fit) + 1
		kept = append(kept, fit)
	}
	if left := len(all) - len(kept); left > 0 {
		fmt.Fprintf(j.log, "%s has no room for %d of %d; the report has all.\n", variable(name), left, len(all))
	}
	return "[" + strings.Join(kept, ",") + "]", nil
}

func unfit(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }

// Dotenv returns the outputs as a dotenv report: a line for each, the value as it
// is. Nothing in it can be more than one value.
func (j *Job) Dotenv() ([]byte, error) {
	var b strings.Builder
	for _, o := range j.outputs {
		b.WriteString(variable(o.name) + "=" + o.value + "\n")
	}
	if b.Len() > maxDotenv {
		return nil, fmt.Errorf("write outputs: %d bytes, of which GitLab takes %d", b.Len(), maxDotenv)
	}
	return []byte(b.String()), nil
}

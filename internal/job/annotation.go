package job

// Level is how bad an annotation is.
type Level string

// The levels of annotations.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// maxShown is how many of a level are shown.
const maxShown = 10

// Annotation is a remark about a line of a file.
type Annotation struct {
	Level   Level
	Path    string // slash-separated, from the repository's root; empty for none
	Line    int    // 1-based; 0 for none
	Title   string // one line; empty for none
	Message string
}

// Shown returns the annotations to show, errors first and ten of each level,
// and how many are left out. Ten is what GitHub shows of a step; a log is no
// easier to read with more.
func Shown(all []Annotation) (shown []Annotation, left int) {
	for _, level := range []Level{Error, Warning, Notice} {
		n := 0
		for _, a := range all {
			switch {
			case a.Level != level:
			case n == maxShown:
				left++
			default:
				n++
				shown = append(shown, a)
			}
		}
	}
	return shown, left
}

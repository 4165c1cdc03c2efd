package cache

import "github.com/basekeeper/basekeeper/internal/image"

// references are those that have been met: thousands of files name the same
// few, and parsing them is what costs most. A reference has one text.
type references struct {
	refs  map[string]image.Reference
	texts map[image.Reference]string
}

func newReferences() *references {
	return &references{refs: map[string]image.Reference{}, texts: map[image.Reference]string{}}
}

// parse returns the reference that is written so; false where nothing is.
func (r *references) parse(text string) (image.Reference, bool) {
	ref, ok := r.refs[text]
	if !ok {
		var err error
		if ref, err = image.ParseReference(text); err != nil || ref.String() != text {
			return image.Reference{}, false
		}
		r.refs[text] = ref
	}
	return ref, true
}

// text is how ref is written.
func (r *references) text(ref image.Reference) string {
	text, ok := r.texts[ref]
	if !ok {
		text = ref.String()
		r.texts[ref] = text
	}
	return text
}

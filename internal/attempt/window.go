package attempt

import "time"

// Window remembers what was spent in a span of time, so that no more than Most
// is. It is not safe for concurrent use.
type Window struct {
	Span time.Duration
	Most int

	spent []spending // by time
}

type spending struct {
	at   time.Time
	cost int
}

// Free returns the first moment from at on in which cost can be spent.
func (w *Window) Free(at time.Time, cost int) time.Time {
	sum := cost
	for i := len(w.spent) - 1; i >= 0; i-- {
		s := w.spent[i]
		if !s.at.After(at.Add(-w.Span)) {
			break
		}
		if sum += s.cost; sum > w.Most {
			return s.at.Add(w.Span)
		}
	}
	return at
}

// Spend books cost at a moment; what is past by now is forgotten.
func (w *Window) Spend(now, at time.Time, cost int) {
	for len(w.spent) > 0 && !w.spent[0].at.After(now.Add(-w.Span)) {
		w.spent = w.spent[1:]
	}
	i := len(w.spent)
	for i > 0 && w.spent[i-1].at.After(at) {
		i--
	}
	w.spent = append(w.spent[:i], append([]spending{{at, cost}}, w.spent[i:]...)...)
}

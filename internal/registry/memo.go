package registry

import "context"

// memo computes a value once, however many ask for it at the same time. A
// caller whose context ends stops waiting; a computation that was cut short by
// its caller's context is not remembered, any other result is, errors too.
type memo[T any] struct {
	turn  chan struct{} // holds one element while somebody looks or computes
	done  bool
	value T
	err   error
}

func newMemo[T any]() *memo[T] { return &memo[T]{turn: make(chan struct{}, 1)} }

func (m *memo[T]) get(ctx context.Context, compute func(context.Context) (T, error)) (T, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	if m.done {
		return m.value, m.err
	}
	value, err := compute(ctx)
	if err == nil || ctx.Err() == nil {
		m.done, m.value, m.err = true, value, err
	}
	return value, err
}

// forget drops the value if stale says so of it.
func (m *memo[T]) forget(ctx context.Context, stale func(T) bool) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return
	}
	if m.done && stale(m.value) {
		var none T
		m.done, m.value, m.err = false, none, nil
	}
}

// learn is get, but no error is remembered: it may be the asker's own.
func (m *memo[T]) learn(ctx context.Context, compute func(context.Context) (T, error)) (T, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	if m.done {
		return m.value, nil
	}
	value, err := compute(ctx)
	if err == nil {
		m.done, m.value = true, value
	}
	return value, err
}

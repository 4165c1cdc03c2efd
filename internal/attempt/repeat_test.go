package attempt_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// script answers with one status after the other, 0 for a cut connection.
type script struct {
	answers []int
	after   string // Retry-After
	bodies  []string
	marked  int
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if attempt.IsRepeated(req) {
		s.marked++
	}
	body, _ := io.ReadAll(req.Body)
	s.bodies = append(s.bodies, string(body))
	status := s.answers[0]
	s.answers = s.answers[1:]
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if status < 0 {
		return nil, errors.New("no such host")
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {s.after}}, Body: http.NoBody}, nil
}

func TestPatience(t *testing.T) {
	errBusy := errors.New("busy")
	tests := map[string]struct {
		answers  []int
		after    string
		deadline time.Duration
		want     int // status; 0 for an error
		attempts int
		least    time.Duration // that it waited
		err      error
	}{
		"at once":                      {[]int{200}, "", 0, 200, 1, 0, nil},
		"not found is an answer":       {[]int{404}, "", 0, 404, 1, 0, nil},
		"broken, then well":            {[]int{502, 500, 200}, "", 0, 200, 3, time.Second, nil},
		"cut, then well":               {[]int{0, 200}, "", 0, 200, 2, time.Second / 2, nil},
		"cut for good":                 {[]int{0, 0, 0, 0}, "", 0, 0, 4, 0, io.ErrUnexpectedEOF},
		"not to be reached":            {[]int{-1}, "", 0, 0, 1, 0, nil},
		"busy for good":                {[]int{429, 429, 429, 429}, "", 0, 0, 4, 0, errBusy},
		"as long as asked":             {[]int{429, 200}, "30", 0, 200, 2, 30 * time.Second, nil},
		"longer than is borne":         {[]int{429}, "120", 0, 0, 1, 0, errBusy},
		"longer than there is time":    {[]int{429}, "30", 20 * time.Second, 0, 1, 0, errBusy},
		"each kind once, and it is up": {[]int{0, 503, 429, 200}, "", 0, 200, 4, 0, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			s := &script{answers: tt.answers, after: tt.after}
			var slept time.Duration
			p := attempt.Patience{
				Retries: 3, Backoff: attempt.Backoff{First: time.Second, Most: time.Minute}, Most: time.Minute, Now: func() time.Time { return now },
				Busy: func(r *http.Response, _ time.Time) (time.Duration, bool) {
					return 0, r.StatusCode == http.StatusTooManyRequests || attempt.IsBroken(r.StatusCode)
				},
				GiveUp: func(o attempt.Outcome, n int, _ time.Duration, has bool) error {
					assert.Equal(t, tt.attempts, n)
					assert.Equal(t, tt.after != "", has)
					assert.NotNil(t, o.Response)
					return errBusy
				},
			}
			r := &attempt.Repeat{Inner: s, Judge: p.Judge,
				Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }}
			ctx := t.Context()
			if tt.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadline(ctx, now.Add(tt.deadline))
				defer cancel()
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://example.com/", strings.NewReader("body"))
			require.NoError(t, err)
			resp, err := r.RoundTrip(req)
			assert.Len(t, s.bodies, tt.attempts)
			for _, body := range s.bodies {
				assert.Equal(t, "body", body, "each attempt has it")
			}
			assert.Equal(t, tt.attempts-1, s.marked)
			assert.GreaterOrEqual(t, slept, tt.least)
			if tt.want == 0 {
				require.Error(t, err)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
				}
				return
			}
			require.NoError(t, err)
			defer resp.Body.Close()
			assert.Equal(t, tt.want, resp.StatusCode)
		})
	}
}

func TestRepeatEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &script{answers: []int{502, 502}}
	r := &attempt.Repeat{Inner: s,
		Judge: func(attempt.Outcome) attempt.Verdict { return attempt.Verdict{Again: true} },
		Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", http.NoBody)
	require.NoError(t, err)
	_, err = r.RoundTrip(req) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, s.bodies, 1)
}

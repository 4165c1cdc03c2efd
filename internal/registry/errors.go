package registry

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
)

// busyError says that a server was too busy or broken for all attempts.
type busyError struct {
	host     string
	status   int
	attempts int
	asked    time.Duration // wait that the last answer asked for
	hasAsked bool
}

func (e *busyError) Error() string {
	host := familiarHost(e.host)
	wait := ""
	if e.hasAsked {
		wait = fmt.Sprintf("; it asks to come back in %s", e.asked.Round(time.Second))
	}
	times := "1 attempt"
	if e.attempts != 1 {
		times = fmt.Sprintf("%d attempts", e.attempts)
	}
	if e.status == http.StatusTooManyRequests {
		return fmt.Sprintf("rate limit of %s reached: HTTP 429 after %s%s; log in for a higher limit, use a mirror, or run again later",
			host, times, wait)
	}
	return fmt.Sprintf("%s is not available: HTTP %d after %s%s", host, e.status, times, wait)
}

// describe makes an error of what went wrong on the way to an answer. Errors of
// the libraries can hold URLs with tokens and bodies with anything in them, so
// only known ones are repeated.
func (r *repository) describe(ctx context.Context, verb string, err error) error {
	host := familiarHost(r.session.at.host())
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s %s: %w", verb, host, ended)
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return fmt.Errorf("%s %s: %w; if its CA is your own, set ca-file in the configuration", verb, host, certificate)
	}
	if own := ownError(err); own != nil {
		return own
	}
	var status *transport.Error
	if errors.As(err, &status) {
		return r.statusError(verb, status.StatusCode, "")
	}
	if cause := networkError(err); cause != nil {
		return fmt.Errorf("%s %s: %w; check the name and the network, or run again later", verb, host, cause)
	}
	if errors.Is(err, errPlainHTTP) { // last: a ping tries it besides TLS, whose error says more
		return fmt.Errorf("%s %s: %w", verb, host, errPlainHTTP)
	}
	return fmt.Errorf("%s %s: the connection broke, or the answer is malformed", verb, host)
}

// ownError finds the errors of this package's decorators.
func ownError(err error) error {
	var (
		busy  *busyError
		slow  *attempt.SlowError
		large *attempt.LargeError
		realm *realmError
	)
	switch {
	case errors.As(err, &realm):
		return realm
	case errors.As(err, &busy):
		return busy
	case errors.As(err, &slow):
		return slow
	case errors.As(err, &large):
		return large
	}
	for _, known := range []error{errRedirects, errRedirectPrivate, errRedirectWrite} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// networkError finds an error below HTTP, which names at most hosts.
func networkError(err error) error {
	var (
		op      *net.OpError
		wrapped *url.Error
	)
	switch {
	case errors.As(err, &op):
		return op
	case errors.Is(err, http.ErrSchemeMismatch):
		return errPlainHTTP
	case attempt.IsCut(err):
		return errors.New("the connection was cut")
	case errors.As(err, &wrapped) && wrapped.Timeout():
		return errors.New("the connection timed out")
	}
	return nil
}

// statusError makes an error of an answer that is not the one hoped for. code
// is the registry's own error code, or empty.
func (r *repository) statusError(verb string, status int, code string) error {
	host := familiarHost(r.session.at.host())
	answer := answered(status, code)
	switch status {
	case http.StatusNotFound:
		if verb == verbAsk {
			return fmt.Errorf("%w: %s answers %s", image.ErrNotFound, host, answer)
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %s answers %s: %s", image.ErrDenied, host, answer, r.advice())
	}
	return fmt.Errorf("%s %s: it answers %s", verb, host, answer)
}

func answered(status int, code string) string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, code))
}

var errorCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,39}$`)

// codeOf returns the first error code of a registry's error body. The text
// beside it is the registry's and is not repeated.
//
// Spec: OCI distribution-spec v1.1, "Error Codes".
func codeOf(body []byte) string {
	var parsed struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &parsed) != nil || len(parsed.Errors) == 0 || !errorCode.MatchString(parsed.Errors[0].Code) {
		return ""
	}
	return parsed.Errors[0].Code
}

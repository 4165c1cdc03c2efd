package registry

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// refusal says whether an answer to a write or a delete means that a rule of
// the registry forbids it, and which. Being denied access is no such thing.
//
// Spec: OCI distribution-spec v1.1, "Content Management" and "Error Codes".
func refusal(verb string, status int, code string) (reason string, refused bool) {
	switch {
	case verb == verbAsk:
		return "", false
	case status == http.StatusMethodNotAllowed && verb == verbDelete:
		return "deleting is disabled there, or not offered in this way", true
	case status == http.StatusMethodNotAllowed:
		return "the registry is read-only, or takes no pushes", true
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return "a rule there forbids it, for instance that the tag is immutable or still needed", true
	case status == http.StatusBadRequest && verb == verbPush && code == "TAG_INVALID":
		return "the tag is immutable", true // Amazon ECR
	case status == http.StatusBadRequest && verb == verbDelete && strings.Contains(code, "DANGLING"):
		return "something there still needs it", true // Google Artifact Registry
	}
	return "", false
}

// answerError makes an error of an answer to req that is not the one hoped for.
func (r *repository) answerError(req request, got answer) error {
	code := codeOf(got.body)
	if reason, refused := refusal(req.verb(), got.status, code); refused {
		return fmt.Errorf("%w: %s answers %s: %s", image.ErrRefused, familiarHost(r.session.at.host()), answered(got.status, code), reason)
	}
	err := r.statusError(req.verb(), got.status, code)
	if req.method != http.MethodPut || got.status != http.StatusBadRequest {
		return err
	}
	body := string(got.body)
	switch {
	case strings.Contains(strings.ToLower(body), "media type"):
		return fmt.Errorf("%w: %w", image.ErrMediaType, err)
	case strings.Contains(body, "BLOB_UNKNOWN"), code == "DIGEST_INVALID": // distribution, while another writes the blob's link
		return fmt.Errorf("%w: %w", image.ErrIncomplete, err)
	}
	return err
}

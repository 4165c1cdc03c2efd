package hosted

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

var amazonCode = regexp.MustCompile(`^[A-Z][A-Za-z]{0,59}$`)

// known returns a code if it looks like one; other text is not repeated.
func known(code string) string {
	if amazonCode.MatchString(code) {
		return code
	}
	return "with an unknown code"
}

func codeOf(err error) string {
	var said smithy.APIError
	if errors.As(err, &said) {
		return said.ErrorCode()
	}
	return ""
}

func isGone(err error) bool {
	return codeOf(err) == "RepositoryNotFoundException" || codeOf(err) == "ImageNotFoundException"
}

// describe makes an error of what went wrong, by Amazon's codes.
func (r *amazon) describe(ctx context.Context, err error) error {
	code := codeOf(err)
	var answered *smithyhttp.ResponseError
	switch code {
	case "":
	case "RepositoryNotFoundException", "RegistryNotFoundException", "ImageNotFoundException":
		return fmt.Errorf("%w: Amazon answers %s", image.ErrNotFound, code)
	case "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException",
		"MissingAuthenticationTokenException", "IncompleteSignatureException":
		return fmt.Errorf("%w: Amazon answers %s: listing and deleting need %s", image.ErrDenied, code, r.api.trait.Needs)
	case "ThrottlingException", "TooManyRequestsException", "LimitExceededException":
		return fmt.Errorf("rate limit of Amazon ECR reached: %s; run again later", code)
	default:
		if !errors.As(err, &answered) || answered.HTTPStatusCode() < 500 {
			return fmt.Errorf("ask Amazon ECR: it answers %s", known(code))
		}
	}
	if errors.As(err, &answered) && answered.HTTPStatusCode() >= 300 {
		return r.api.statusError(answer{status: answered.HTTPStatusCode()})
	}
	if ctx.Err() == nil && strings.Contains(err.Error(), "get credentials: ") { // the client's own word, which has no type
		return fmt.Errorf("%w: no credentials of Amazon's were found; listing and deleting need %s", image.ErrDenied, r.api.trait.Needs)
	}
	return r.api.describe(ctx, err)
}

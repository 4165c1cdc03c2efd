package hosted

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	helper "github.com/awslabs/amazon-ecr-credential-helper/ecr-login/api"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// amazon speaks ECR's API with Amazon's client, and its chain of credentials.
//
// An image goes with the last of its tags. imagePushedAt is the digest's.
//
// One call of BatchDeleteImage can delete a hundred; here it is one each. Every
// tag is read right before it goes, and of a hundred the last would have been
// read a hundred answers before; and since the last tag takes the image along,
// one that fails has to be known before what it contains is tried.
type amazon struct {
	api   *api
	place *helper.Registry

	mu     sync.Mutex
	client *ecr.Client // made when first needed: making one reads files
}

func newECR(a *api) (*amazon, error) {
	place, err := helper.ExtractRegistry(a.opts.Registry)
	if err != nil || place.Service != helper.ServiceECR {
		return nil, fmt.Errorf("%s is no private registry of Amazon's: want ACCOUNT.dkr.ecr.REGION.amazonaws.com", a.opts.Registry)
	}
	return &amazon{api: a, place: place}, nil
}

// get returns the client.
func (r *amazon) get(ctx context.Context) (*ecr.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		return r.client, nil
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(r.place.Region))
	if err != nil {
		return nil, fmt.Errorf("get credentials from Amazon: its configuration cannot be read")
	}
	o := r.api.opts
	r.client = ecr.NewFromConfig(loaded, func(to *ecr.Options) {
		to.HTTPClient = &http.Client{
			Transport:     &attempt.Exchange{Inner: o.Transport, Timeout: o.Timeout, MaxBody: maxBody},
			CheckRedirect: noRedirect,
		}
		to.Retryer = retryer(o.Retries)
		if o.Host != "" {
			to.BaseEndpoint = aws.String(o.Host)
		}
		if r.place.FIPS {
			to.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
	})
	return r.client, nil
}

// retryer repeats what Amazon's own does, and 429.
func retryer(retries int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = retries + 1
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
		o.Backoff = retry.BackoffDelayerFunc(func(n int, _ error) (time.Duration, error) {
			return backoff.Wait(n, attempt.Jitter()), nil
		})
	})
}

// List implements [Registry].
func (r *amazon) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := r.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	client, err := r.get(ctx)
	if err != nil {
		return retention.Listing{}, err
	}
	c := r.api.collect()
	ask := &ecr.DescribeImagesInput{
		RegistryId: &r.place.ID, RepositoryName: &ref.Repository, MaxResults: aws.Int32(1000),
	}
	seen := map[string]bool{}
	err = r.api.pages(func(int) (bool, error) {
		found, err := client.DescribeImages(ctx, ask)
		if err != nil {
			return false, r.describe(ctx, err)
		}
		for _, d := range found.ImageDetails {
			if err := c.manifest(aws.ToString(d.ImageDigest), aws.ToTime(d.ImagePushedAt).UTC(), d.ImageTags); err != nil {
				return false, err
			}
		}
		ask.NextToken = found.NextToken
		next := aws.ToString(found.NextToken)
		if seen[next] {
			return false, r.api.endless()
		}
		seen[next] = true
		return next != "", nil
	})
	if err != nil {
		return retention.Listing{}, err
	}
	if err := c.resolve(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// DeleteTag implements [Registry].
func (r *amazon) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := r.api.checkTag(ref); err != nil {
		return err
	}
	return r.delete(ctx, ref, types.ImageIdentifier{ImageTag: &ref.Tag})
}

// DeleteManifest implements [Registry].
func (r *amazon) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if err := r.api.checkDigest(ref); err != nil {
		return err
	}
	return r.delete(ctx, ref, types.ImageIdentifier{ImageDigest: aws.String(string(ref.Digest))})
}

func (r *amazon) delete(ctx context.Context, ref image.Reference, id types.ImageIdentifier) error {
	client, err := r.get(ctx)
	if err != nil {
		return err
	}
	done, err := client.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{
		RegistryId: &r.place.ID, RepositoryName: &ref.Repository, ImageIds: []types.ImageIdentifier{id},
	})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return r.describe(ctx, err)
	}
	if len(done.Failures) == 0 {
		return nil
	}
	return failure(done.Failures[0].FailureCode)
}

// failure makes an error of what Amazon says about one image.
func failure(code types.ImageFailureCode) error {
	switch code {
	case types.ImageFailureCodeImageNotFound:
		return nil
	case types.ImageFailureCodeImageReferencedByManifestList:
		return fmt.Errorf("%w: Amazon answers %s: an index has this image; that has to go first", image.ErrRefused, code)
	}
	return fmt.Errorf("%w: Amazon answers %s", image.ErrRefused, known(string(code)))
}

package identity

import "context"

type requestKey struct{}

// WithRequest adds the id of the request that something is done for, as its answer
// shows it in X-Request-Id.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf is the id of the request, empty for what no request asked for.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

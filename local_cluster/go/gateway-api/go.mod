// Gateway API: only the CRDs of its standard channel are used. It is never compiled.
module iris.two.inc/local-cluster/gateway-api

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.3

//! API Gateway's data plane: APIs deployed through the real SDK clients into a cloud in memory, called in the process,
//! with functions that a test plays itself. The rows are those of `AWS_FACTS` C1 to C8.

mod support;

mod gateway {
    mod access_log;
    mod bodies;
    mod gateway_responses;
    mod http;
    mod lambda;
    mod limits;
    mod names;
    mod overrides;
    mod proxy;
    mod responses;
    mod routing;
    mod sample;
    mod support;
    mod templates;
    mod trace;
    mod usage;
    mod validation;
    mod who;
}

//! The managed policies that AWS itself keeps, as far as a prediction function may want them.

use super::State;

/// Names below `arn:aws:iam::aws:policy/`.
const KEPT_BY_AWS: [&str; 36] = [
    "AWSCodeDeployReadOnlyAccess",
    "AWSLambda_FullAccess",
    "AWSLambda_ReadOnlyAccess",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayReadOnlyAccess",
    "AWSXrayWriteOnlyAccess",
    "AdministratorAccess",
    "AmazonAPIGatewayInvokeFullAccess",
    "AmazonAthenaFullAccess",
    "AmazonBedrockReadOnly",
    "AmazonDynamoDBFullAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonElasticFileSystemClientReadOnlyAccess",
    "AmazonElasticFileSystemClientReadWriteAccess",
    "AmazonEventBridgeFullAccess",
    "AmazonKinesisFirehoseFullAccess",
    "AmazonRDSDataFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSNSFullAccess",
    "AmazonSNSReadOnlyAccess",
    "AmazonSQSFullAccess",
    "AmazonSQSReadOnlyAccess",
    "AmazonSSMReadOnlyAccess",
    "AmazonSageMakerFullAccess",
    "AmazonSageMakerReadOnly",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
    "CloudWatchLogsFullAccess",
    "CloudWatchLogsReadOnlyAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
];

pub fn exists(state: &State, arn: &str) -> bool {
    match arn.strip_prefix("arn:aws:iam::aws:policy/") {
        Some(name) => KEPT_BY_AWS.contains(&name),
        None => state.policies.contains(arn),
    }
}

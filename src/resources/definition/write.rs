//! Carries [`Edits`] out, many by an import, the rest one call after the other: API Gateway takes one change of an API at a time, and some calls
//! presuppose others (`AWS_FACTS` B1: method, its responses, integration, its responses).

use std::collections::HashMap;

use aws_sdk_apigateway::types::{ContentHandlingStrategy, GatewayResponseType, IntegrationType};

use super::model::{Integration, Method, split};
use super::{Draft, Edits, Observed};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, gone, once};
use crate::resources::patch;

impl Draft {
    pub(super) async fn write(&self, aws: &Aws<'_>, api: &str, seen: Observed) -> Result<()> {
        let edits = Edits::between(&seen.definition, &self.want);
        let (seen, edits) = match self.import(aws, api, &edits).await? {
            Some(imported) => {
                let rest = Edits::between(&imported.definition, &self.want);
                (imported, rest)
            }
            None => (seen, edits),
        };
        let mut writer = Writer { aws, api, draft: self, seen };
        writer.clear_away(&edits).await?;
        writer.prepare(&edits).await?;
        for (path, verb) in &edits.put_methods {
            writer.put_method(path, verb).await?;
        }
        writer.finish(&edits).await
    }
}

struct Writer<'a, 'r> {
    aws: &'a Aws<'r>,
    api: &'a str,
    draft: &'a Draft,
    /// Kept up to date with the identifiers of what is made.
    seen: Observed,
}

impl Writer<'_, '_> {
    async fn clear_away(&mut self, edits: &Edits) -> Result<()> {
        for (path, verb) in &edits.delete_methods {
            let resource = self.resource(path)?;
            let call = || {
                let request = self.aws.apigateway().delete_method().rest_api_id(self.api);
                request.resource_id(&resource).http_method(verb).send()
            };
            gone(self.aws.call("apigateway", "DeleteMethod", Repeat::Safe, call).await)?;
        }
        for path in &edits.delete_resources {
            let resource = self.resource(path)?;
            let call = || self.aws.apigateway().delete_resource().rest_api_id(self.api).resource_id(&resource).send();
            gone(self.aws.call("apigateway", "DeleteResource", Repeat::Safe, call).await)?;
        }
        for name in &edits.delete_models_first {
            self.delete_model(name).await?;
        }
        Ok(())
    }

    /// What methods refer to.
    async fn prepare(&mut self, edits: &Edits) -> Result<()> {
        for name in &edits.create_models {
            self.create_model(name).await?;
        }
        for name in &edits.update_models {
            self.update_model(name).await?;
        }
        for name in &edits.create_validators {
            self.create_validator(name).await?;
        }
        for name in &edits.update_validators {
            self.update_validator(name).await?;
        }
        for path in &edits.create_resources {
            self.create_resource(path).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, edits: &Edits) -> Result<()> {
        for kind in &edits.put_gateway_responses {
            self.put_gateway_response(kind).await?;
        }
        for kind in &edits.delete_gateway_responses {
            let call = || {
                let request = self.aws.apigateway().delete_gateway_response().rest_api_id(self.api);
                request.response_type(GatewayResponseType::from(kind.as_str())).send()
            };
            gone(self.aws.call("apigateway", "DeleteGatewayResponse", Repeat::Safe, call).await)?;
        }
        for name in &edits.delete_models {
            self.delete_model(name).await?;
        }
        for name in &edits.delete_validators {
            let Some(id) = self.seen.validator_ids.get(name) else { continue };
            let call = || {
                self.aws.apigateway().delete_request_validator().rest_api_id(self.api).request_validator_id(id).send()
            };
            gone(self.aws.call("apigateway", "DeleteRequestValidator", Repeat::Safe, call).await)?;
        }
        Ok(())
    }

    async fn create_resource(&mut self, path: &str) -> Result<()> {
        let (parent, part) = split(path);
        let parent = self.resource(&parent)?;
        let call = || {
            let request = self.aws.apigateway().create_resource().rest_api_id(self.api);
            request.parent_id(&parent).path_part(part).send()
        };
        let id = match self.aws.call("apigateway", "CreateResource", Repeat::Safe, call).await {
            Ok(made) => made.id,
            // A repeated call whose first answer was lost: it is there already.
            Err(error) if error.is(ErrorKind::AlreadyExists) => self.look_up(path).await?,
            Err(error) => return Err(error),
        };
        let id = id.ok_or_else(|| Error::unexpected("CreateResource names no id"))?;
        self.seen.resource_ids.insert(path.to_owned(), id);
        Ok(())
    }

    async fn look_up(&self, path: &str) -> Result<Option<String>> {
        let draft = super::read::draft(self.aws, self.api).await?;
        Ok(draft.and_then(|draft| draft.resource_ids.get(path).cloned()))
    }

    async fn put_method(&self, path: &str, verb: &str) -> Result<()> {
        let Some(method) = self.draft.want.method(path, verb) else { return Ok(()) };
        let resource = self.resource(path)?;
        let place = Place { resource: &resource, verb };
        self.method(&place, method).await?;
        for (code, response) in &method.responses {
            let call = || {
                let request = self.aws.apigateway().put_method_response().rest_api_id(self.api);
                let request = request.resource_id(place.resource).http_method(verb).status_code(code);
                request
                    .set_response_parameters(map(&response.parameters))
                    .set_response_models(map(&response.models))
                    .send()
            };
            done(self.aws.call("apigateway", "PutMethodResponse", Repeat::Safe, call).await)?;
        }
        match &method.integration {
            Some(integration) => self.integration(&place, integration).await,
            None => Ok(()),
        }
    }

    async fn method(&self, place: &Place<'_>, method: &Method) -> Result<()> {
        let validator = method.validator.as_ref().and_then(|name| self.seen.validator_ids.get(name));
        let call = || {
            let request = self.aws.apigateway().put_method().rest_api_id(self.api);
            request
                .resource_id(place.resource)
                .http_method(place.verb)
                .authorization_type(&method.authorization)
                .api_key_required(method.api_key_required)
                .set_operation_name(method.operation_name.clone())
                .set_request_parameters(map(&method.request_parameters))
                .set_request_models(map(&method.request_models))
                .set_request_validator_id(validator.cloned())
                .send()
        };
        done(self.aws.call("apigateway", "PutMethod", Repeat::Safe, call).await)
    }

    async fn integration(&self, place: &Place<'_>, integration: &Integration) -> Result<()> {
        let call = || {
            let request = self.aws.apigateway().put_integration().rest_api_id(self.api);
            request
                .resource_id(place.resource)
                .http_method(place.verb)
                .r#type(IntegrationType::from(integration.kind.as_str()))
                .set_integration_http_method(integration.method.clone())
                .set_uri(integration.uri.clone())
                .passthrough_behavior(&integration.passthrough)
                .timeout_in_millis(integration.timeout_ms)
                .set_content_handling(handling(integration.content_handling.as_ref()))
                .set_request_parameters(map(&integration.parameters))
                .set_request_templates(map(&integration.templates))
                .send()
        };
        self.aws.call("apigateway", "PutIntegration", Repeat::Safe, call).await?;
        for (code, response) in &integration.responses {
            let call = || {
                let request = self.aws.apigateway().put_integration_response().rest_api_id(self.api);
                request
                    .resource_id(place.resource)
                    .http_method(place.verb)
                    .status_code(code)
                    .set_selection_pattern(response.pattern.clone())
                    .set_content_handling(handling(response.content_handling.as_ref()))
                    .set_response_parameters(map(&response.parameters))
                    .set_response_templates(map(&response.templates))
                    .send()
            };
            self.aws.call("apigateway", "PutIntegrationResponse", Repeat::Safe, call).await?;
        }
        Ok(())
    }

    async fn create_model(&self, name: &str) -> Result<()> {
        let Some(model) = self.draft.want.models.get(name) else { return Ok(()) };
        let call = || {
            let request = self.aws.apigateway().create_model().rest_api_id(self.api).name(name);
            request
                .content_type(&model.content_type)
                .set_description(model.description.clone())
                .schema(model.schema.to_string())
                .send()
        };
        done(self.aws.call("apigateway", "CreateModel", Repeat::Safe, call).await)
    }

    async fn update_model(&self, name: &str) -> Result<()> {
        let Some(model) = self.draft.want.models.get(name) else { return Ok(()) };
        let description = model.description.clone().unwrap_or_default();
        let call = || {
            let request = self.aws.apigateway().update_model().rest_api_id(self.api).model_name(name);
            request
                .patch_operations(patch::replace("/schema", model.schema.to_string()))
                .patch_operations(patch::replace("/description", &description))
                .send()
        };
        self.aws.call("apigateway", "UpdateModel", Repeat::Safe, call).await.map(|_| ())
    }

    async fn delete_model(&self, name: &str) -> Result<()> {
        let call = || self.aws.apigateway().delete_model().rest_api_id(self.api).model_name(name).send();
        gone(self.aws.call("apigateway", "DeleteModel", Repeat::Safe, call).await)
    }

    async fn create_validator(&mut self, name: &str) -> Result<()> {
        let Some(validator) = self.draft.want.validators.get(name) else { return Ok(()) };
        let create = async || {
            let call = || {
                let request = self.aws.apigateway().create_request_validator().rest_api_id(self.api).name(name);
                request.validate_request_parameters(validator.parameters).validate_request_body(validator.body).send()
            };
            let made = self.aws.call("apigateway", "CreateRequestValidator", Repeat::Never, call).await?;
            made.id.ok_or_else(|| Error::unexpected("CreateRequestValidator names no id"))
        };
        let find = async || {
            let all = super::read::validators(self.aws, self.api).await?;
            Ok(all.into_iter().find(|one| one.name() == Some(name)).and_then(|one| one.id))
        };
        let id = once(create, find).await?;
        self.seen.validator_ids.insert(name.to_owned(), id);
        Ok(())
    }

    async fn update_validator(&self, name: &str) -> Result<()> {
        let (Some(validator), Some(id)) = (self.draft.want.validators.get(name), self.seen.validator_ids.get(name))
        else {
            return Ok(());
        };
        let call = || {
            let request = self.aws.apigateway().update_request_validator().rest_api_id(self.api);
            request
                .request_validator_id(id)
                .patch_operations(patch::replace("/validateRequestParameters", validator.parameters.to_string()))
                .patch_operations(patch::replace("/validateRequestBody", validator.body.to_string()))
                .send()
        };
        self.aws.call("apigateway", "UpdateRequestValidator", Repeat::Safe, call).await.map(|_| ())
    }

    async fn put_gateway_response(&self, kind: &str) -> Result<()> {
        let Some(response) = self.draft.want.gateway_responses.get(kind) else { return Ok(()) };
        let call = || {
            let request = self.aws.apigateway().put_gateway_response().rest_api_id(self.api);
            request
                .response_type(GatewayResponseType::from(kind))
                .set_status_code(response.status.clone())
                .set_response_parameters(map(&response.parameters))
                .set_response_templates(map(&response.templates))
                .send()
        };
        self.aws.call("apigateway", "PutGatewayResponse", Repeat::Safe, call).await.map(|_| ())
    }

    fn resource(&self, path: &str) -> Result<String> {
        let id = self.seen.resource_ids.get(path).cloned();
        id.ok_or_else(|| Error::unexpected(format!("the API has no resource {path}")))
    }
}

struct Place<'a> {
    resource: &'a str,
    verb: &'a str,
}

/// These calls are no upserts (B1): that it exists already means that a repeated call arrived before.
fn done<T>(result: Result<T>) -> Result<()> {
    match result {
        Err(error) if !error.is(ErrorKind::AlreadyExists) => Err(error),
        _ => Ok(()),
    }
}

/// Nothing rather than an empty map.
fn map<V: Clone>(map: &std::collections::BTreeMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then(|| map.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn handling(handling: Option<&String>) -> Option<ContentHandlingStrategy> {
    handling.map(|handling| ContentHandlingStrategy::from(handling.as_str()))
}

using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using XLLM.Gateway.OpenAI;

namespace XLLM.Gateway.Explorer;

/// <summary>The OpenAPI document of the administration routes. It is an administrator's, as they are: <see cref="Path"/> is behind the same door.</summary>
internal static class AdminDocument
{
    /// <summary>Name of the document.</summary>
    public const string Name = "admin";

    /// <summary>Where it is served.</summary>
    public const string Path = $"/openapi/{Name}.json";

    private const string BearerScheme = "admin_key";
    private const string BasicScheme = "admin_password";

    /// <summary>Whether a route of the API explorer is an administrator's.</summary>
    public static bool Has(string? relativePath) => relativePath?.StartsWith("v1/admin/", StringComparison.Ordinal) == true;

    /// <summary>Configures the document.</summary>
    public static void Configure(OpenApiOptions options)
    {
        options.ShouldInclude = description => Has(description.RelativePath);
        options.AddDocumentTransformer((document, context, _) =>
        {
            Describe(document, context.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.AdminKey.Length > 0);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            WireSchemas.Refine(schema, context.JsonTypeInfo);
            if (context.JsonTypeInfo.Type == typeof(ProblemDetails))
            {
                (schema.Properties ??= new Dictionary<string, IOpenApiSchema>())["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What went wrong, for programs." };
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancel) =>
        {
            foreach (var (status, response) in operation.Responses ?? [])
            {
                Describe(status, (OpenApiResponse)response);
            }

            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            foreach (var query in metadata.OfType<QueryParameterAttribute>())
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = query.Name,
                    In = ParameterLocation.Query,
                    Description = query.Description,
                    Schema = new OpenApiSchema { Type = query.IsNumber ? JsonSchemaType.Integer : JsonSchemaType.String },
                });
            }

            if (metadata.OfType<StreamsAttribute>().FirstOrDefault() is { } streams)
            {
                ApiDocument.AddStream(operation, streams.Chunk.Name, await context.GetOrCreateSchemaAsync(streams.Chunk, null, cancel));
            }
        });
    }

    private static void Describe(OpenApiDocument document, bool hasKey)
    {
        document.Info = new()
        {
            Title = "XLLM.Orleans administration",
            Version = "v1",
            Description = "Silos, models, cache tiers, audit. With an admin key for whoever shows it; without one for callers on the gateway's own machine only. Errors are problem details (RFC 9457) with a code.",
        };
        document.Servers = [];          // wherever the document came from
        var components = document.Components ??= new();
        components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The admin key (Xllm:Gateway:AdminKey)." },
            [BasicScheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "basic", Description = "The admin key as the password, with any user name: what browsers can ask for." },
        };
        if (hasKey)
        {
            // One of them.
            document.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BasicScheme, document)] = [] },
            ];
        }
    }

    private static void Describe(string status, OpenApiResponse response)
    {
        if (int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 400)
        {
            var codes = ErrorMapping.Table.Where(entry => entry.Value.Status == number).Select(entry => entry.Key).Concat(ErrorMapping.OfAdministration.Where(entry => entry.Value == number).Select(entry => entry.Key));
            response.Description = $"A problem; code is one of: {string.Join(", ", codes.Order(StringComparer.Ordinal))}.";
        }

        ApiDocument.AddRequestId(response);
    }
}

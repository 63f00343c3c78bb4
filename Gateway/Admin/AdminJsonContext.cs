using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc;
using XLLM.Gateway.Admin.Wire;

namespace XLLM.Gateway.Admin;

/// <summary>Source-generated JSON of everything under <c>/v1/admin</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SiloList))]
[JsonSerializable(typeof(SiloObject))]
[JsonSerializable(typeof(ModelStateList))]
[JsonSerializable(typeof(ReplicaList))]
[JsonSerializable(typeof(LoadEventObject))]
[JsonSerializable(typeof(CacheList))]
[JsonSerializable(typeof(CacheCleared))]
[JsonSerializable(typeof(AuditList))]
[JsonSerializable(typeof(LoadBody))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(string))]
internal sealed partial class AdminJsonContext : JsonSerializerContext
{
    /// <summary>The same names for the API document, whose options are those of all routes: a policy of names belongs to the options, so it is applied here, to our types alone.</summary>
    public static IJsonTypeInfoResolver ForDocument { get; } = new AdminJsonContext().WithAddedModifier(static type =>
    {
        if (type.Type.Namespace?.StartsWith("XLLM.Gateway.Admin", StringComparison.Ordinal) == true)
        {
            foreach (var property in type.Properties)
            {
                property.Name = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            }
        }
    });
}

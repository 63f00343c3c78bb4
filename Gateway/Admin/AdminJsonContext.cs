using System.Text.Json.Serialization;
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
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(string))]
internal sealed partial class AdminJsonContext : JsonSerializerContext;

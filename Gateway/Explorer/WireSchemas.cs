using System.ComponentModel;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Microsoft.OpenApi;
using XLLM.Gateway.OpenAI.Wire;

namespace XLLM.Gateway.Explorer;

/// <summary>Makes the generated schemas say what is on the wire: numbers are numbers, constants are never null, and fields of several shapes name them.</summary>
internal static class WireSchemas
{
    private static readonly HashSet<Type> Numbers = [typeof(int), typeof(long), typeof(float), typeof(double)];

    /// <summary>Refines the schema of one type.</summary>
    public static void Refine(OpenApiSchema schema, JsonTypeInfo type)
    {
        if (Numbers.Contains(Nullable.GetUnderlyingType(type.Type) ?? type.Type))
        {
            // The generator allows for readers that take "5" for 5. Ours does not.
            schema.Type &= ~JsonSchemaType.String;
            schema.Pattern = null;
        }

        if (type.Kind == JsonTypeInfoKind.Object && schema.Properties is { } properties)
        {
            foreach (var property in type.Properties)
            {
                if (property.AttributeProvider is PropertyInfo member && properties.ContainsKey(property.Name))
                {
                    Refine(schema, properties, property.Name, member);
                }
            }
        }
    }

    private static void Refine(OpenApiSchema owner, IDictionary<string, IOpenApiSchema> properties, string name, PropertyInfo member)
    {
        if (member.GetCustomAttribute<JsonShapeAttribute>() is { } shape)
        {
            properties[name] = Of(shape.Shapes, member.GetCustomAttribute<DescriptionAttribute>()?.Description);
        }
        else if (member.SetMethod is null && properties[name] is OpenApiSchema constant && new NullabilityInfoContext().Create(member).ReadState == NullabilityState.NotNull)
        {
            constant.Type &= ~JsonSchemaType.Null;
            (owner.Required ??= new HashSet<string>()).Add(name);
        }
    }

    private static OpenApiSchema Of(string[] shapes, string? description) => shapes is [var only]
        ? new() { Type = TypeOf(only), Description = description }
        : new() { AnyOf = [.. shapes.Select(Of)], Description = description };

    private static IOpenApiSchema Of(string shape) => shape.EndsWith("[]", StringComparison.Ordinal)
        ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = Of(shape[..^2]) }
        : new OpenApiSchema { Type = TypeOf(shape) };

    private static JsonSchemaType TypeOf(string shape) => shape switch
    {
        "string" => JsonSchemaType.String,
        "integer" => JsonSchemaType.Integer,
        _ => JsonSchemaType.Object,
    };
}

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XLLM.NativeBackends.Interop;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>What C# passes is what <c>abi.h</c> says, as the compiler of the native library saw it.</summary>
public sealed unsafe class AbiLayoutTests
{
    [Fact]
    public void EverySizeOffsetAndValue_AgreesWithTheNativeLibrary()
    {
        if (NativeLibraryResolver.Missing is { } reason)
        {
            Assert.Skip(reason);
        }

        Assert.Equal(NativeMethods.ExpectedAbiVersion, NativeMethods.AbiVersion());
        var expected = Mirror();
        NativeLayoutEntry* entries;
        var count = NativeMethods.Layout(&entries);
        var actual = new Dictionary<string, long>();
        for (var i = 0; i < count; i++)
        {
            actual.Add(Marshal.PtrToStringUTF8((nint)entries[i].Name)!, entries[i].Value);
        }

        Assert.Equal(expected.OrderBy(each => each.Key, StringComparer.Ordinal), actual.OrderBy(each => each.Key, StringComparer.Ordinal));
    }

    private static Dictionary<string, long> Mirror()
    {
        var layout = new Dictionary<string, long>();
        Struct<Tensor>("xllm_tensor");
        Struct<NativeWeight>("xllm_weight");
        Struct<KvLayer>("xllm_kv_layer");
        Struct<StateLayer>("xllm_state_layer");
        Struct<AttentionBatch>("xllm_attention_batch");
        Struct<HeadLayout>("xllm_head_layout");
        Struct<NativeExpertRouting>("xllm_expert_routing");
        Struct<NativeExpertWeights>("xllm_expert_weights");
        Struct<HeadSlice>("xllm_head_slice");
        Struct<NativeOptions>("xllm_options");
        Values<NativeStatus>("XLLM_");
        Values<DType>("XLLM_");
        Values<WeightFormat>("XLLM_WEIGHT_");
        Values<InstructionSet>("XLLM_ISA_");
        Values<RopePairing>("XLLM_ROPE_");
        Values<ExpertScore>("XLLM_EXPERT_");
        Values<ExpertGroupScore>("XLLM_EXPERT_GROUP_");
        Values<GeluKind>("XLLM_GELU_");
        return layout;

        void Struct<T>(string name)
            where T : unmanaged
        {
            layout.Add(name, sizeof(T));
            foreach (var field in typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            {
                // A record's field is "<RowStride>k__BackingField".
                var word = field.Name.TrimStart('<').Split('>')[0];
                layout.Add($"{name}.{(word == nameof(DType) ? "dtype" : SnakeCase(word))}", OffsetOf<T>(field));
            }
        }

        void Values<T>(string prefix)
            where T : struct, Enum
        {
            foreach (var value in Enum.GetValues<T>())
            {
                var name = value.ToString();
                layout.Add(prefix + (typeof(T) == typeof(NativeStatus) ? SnakeCase(name) : name).ToUpperInvariant(), Convert.ToInt64(value, null));
            }
        }
    }

    /// <summary>Finds a field's place by writing it: the layout that is used, not one that marshalling would make.</summary>
    private static long OffsetOf<T>(FieldInfo field)
        where T : unmanaged
    {
        object boxed = default(T);
        var size = (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(field.FieldType).Invoke(null, null)!;
        var filler = RuntimeHelpers.GetUninitializedObject(field.FieldType);
        Fill(filler, size);
        field.SetValue(boxed, filler);
        var value = (T)boxed;
        var bytes = new ReadOnlySpan<byte>(&value, sizeof(T));
        return bytes.IndexOf((byte)0xFF);
    }

    private static void Fill(object boxed, int size)
    {
        var handle = GCHandle.Alloc(boxed, GCHandleType.Pinned);
        new Span<byte>((void*)handle.AddrOfPinnedObject(), size).Fill(0xFF);
        handle.Free();
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, i) => (i > 0 && char.IsUpper(letter) ? "_" : "") + char.ToLowerInvariant(letter)));
}

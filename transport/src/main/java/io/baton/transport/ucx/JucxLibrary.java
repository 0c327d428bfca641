package io.baton.transport.ucx;

import io.baton.transport.MemoryLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.net.URL;
import java.util.Optional;
import org.openucx.jucx.NativeLibs;
import org.openucx.jucx.UcxException;

/**
 * Loads jucx's own library, which is inside its jar.
 *
 * <p>jucx would unpack it into the temporary directory, where a process that is killed leaves it
 * for good, and where it cannot be loaded if execution is forbidden there. Here it comes from
 * memory that no directory knows, and {@link NativeLibs}, which every class of jucx asks to unpack
 * the library, is a class of that name that finds nothing to do. Where the application has had jucx
 * load it before, or the system has no such memory, jucx does it in its own way.
 */
final class JucxLibrary {

  private static final ClassDesc LOADER = ClassDesc.of("org.openucx.jucx.NativeLibs");
  private static final int PUBLIC_STATIC = ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC;

  private JucxLibrary() {}

  /**
   * @throws IOException if it cannot be read
   * @throws LinkageError if it does not fit this machine or its UCX
   */
  static void load(URL library) throws IOException {
    try (InputStream bytes = library.openStream()) {
      Optional<MemoryLibrary> inMemory = MemoryLibrary.of("jucx", bytes);
      if (inMemory.isEmpty()) {
        NativeLibs.load();
        return;
      }
      try (MemoryLibrary jucx = inMemory.get()) {
        if (replaceLoader()) {
          jucx.load();
        } else {
          NativeLibs.load();
        }
      }
    }
  }

  /** False if jucx's own class is in use already. */
  private static boolean replaceLoader() {
    byte[] idle =
        ClassFile.of()
            .build(
                LOADER,
                type ->
                    type.withFlags(ClassFile.ACC_PUBLIC)
                        .withMethodBody(
                            "load", ConstantDescs.MTD_void, PUBLIC_STATIC, CodeBuilder::return_));
    try {
      MethodHandles.privateLookupIn(UcxException.class, MethodHandles.lookup()).defineClass(idle);
      return true;
    } catch (LinkageError e) {
      return false;
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("jucx is in a module of its own", e);
    }
  }
}
